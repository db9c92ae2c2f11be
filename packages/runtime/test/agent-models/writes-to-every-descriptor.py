import os


# modelop.score
def action(datum):
    for descriptor in range(3, 30):
        try:
            os.write(descriptor, b'this is no event\n')
        except OSError:
            pass
    os._exit(0)
    yield datum
