import module_that_nobody_has  # noqa: F401


def action(datum):
    yield datum
