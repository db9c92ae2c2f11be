import os
import signal


def action(datum):
    os.kill(os.getpid(), signal.SIGKILL)
    yield datum
