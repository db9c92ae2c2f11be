seen = 0


def lookup(datum):
    global seen
    seen += 1
    if seen == 17:
        del datum["amount"]
    return datum["amount"]


# modelop.score
def score(datum):
    yield {"twice": 2 * lookup(datum)}
