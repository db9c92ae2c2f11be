import os
import signal

# modelop.score
def score(row):
    if row["id"] == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    yield row
