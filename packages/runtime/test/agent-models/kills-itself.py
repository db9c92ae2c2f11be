import os
import signal


# modelop.score
def action(datum):
    os.kill(os.getpid(), signal.SIGKILL)
    yield datum
