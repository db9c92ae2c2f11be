# modelop.score
def score(datum):
    yield {"a": 1
