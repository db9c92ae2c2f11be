import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)


# modelop.score
def action(datum):
    print('ignoring')
    while True:
        time.sleep(1)
    yield datum
