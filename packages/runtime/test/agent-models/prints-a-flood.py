# modelop.score
def action(datum):
    for i in range(10000):
        print('line', i, 'x' * 50)
    yield datum
