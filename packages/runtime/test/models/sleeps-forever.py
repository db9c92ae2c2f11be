import time


def action(datum):
    print("asleep")
    time.sleep(3600)
    yield datum
