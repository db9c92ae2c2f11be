# modelop.score
def action(datum):
    if datum['id'] == 17:
        datum = {}
    yield {'id': 1, 'score': datum['amount']}
