# modelop.init
def begin():
    print('weights loaded')


# modelop.score
def action(datum):
    yield {'id': datum['id'], 'score': datum['amount'] / 100}
