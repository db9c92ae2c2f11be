import os


# modelop.score
def action(datum):
    os.write(3, b'this is no event\n')
    os._exit(0)
    yield datum
