import warnings


# modelop.score
def score(datum):
    if datum == 2:
        raise UserWarning("two is odd")
    if datum == 3:
        warnings.warn("three is too many")
    if datum == 4:
        warnings.warn("four goes away", DeprecationWarning)
    if datum == 5:
        import warns_for_others

        warns_for_others.complain()
    yield datum
