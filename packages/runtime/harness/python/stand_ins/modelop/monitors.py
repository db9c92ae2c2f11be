"""Not here: it is part of the vendor's image, and no public package has it."""
raise ModuleNotFoundError(
    "%s is part of the vendor's image and not public: this runtime stands in for modelop.utils and modelop.schema.infer only" % __name__,
    name=__name__,
)
