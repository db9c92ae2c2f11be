import signal
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)

# modelop.score
def score(row):
    print("scoring", flush=True)
    while True:
        time.sleep(1)
    yield row
