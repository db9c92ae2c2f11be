import warnings

#modelop.score
def reciprocal(x):
    if x == 100:
        raise UserWarning("one hundred is not welcome")
    if x == 200:
        warnings.warn("two hundred is doubtful")
    yield 1 / x
