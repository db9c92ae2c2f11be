import os
import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)


# modelop.score
def action(datum):
    print('ignoring as', os.getpid())
    while True:
        time.sleep(1)
    yield datum
