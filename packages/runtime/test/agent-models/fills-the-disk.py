# modelop.score
def action(datum):
    yield {'text': 'x' * 1000000}
