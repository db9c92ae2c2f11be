# modelop.score
def score(datum):
    yield (1, {"main": datum})
    yield (3, {"other": datum})
    yield (0.25, 0.75)
