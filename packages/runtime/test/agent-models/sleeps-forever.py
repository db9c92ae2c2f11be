import time


# modelop.score
def action(datum):
    print('sleeping')
    time.sleep(86400)
    yield datum
