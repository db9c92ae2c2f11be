import os


# modelop.score
def action(datum):
    if datum['id'] == 5:
        os._exit(0)
    yield datum
