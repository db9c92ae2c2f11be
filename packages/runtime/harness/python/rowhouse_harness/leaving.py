"""The end of the process. What the model registered with atexit runs and files it left open for writing are closed, as where Python ends by
itself; threads are not waited for, and nothing of this is waited for longer than a while.
"""
import atexit
import fcntl
import gc
import os
import stat
import sys

SECONDS_MAX = 10


def leave(code, playground):
    """Does not return."""
    try:
        finish(code, playground)
    except BaseException:
        pass
    flush()
    os._exit(code)


def finish(code, playground):
    # It waits for processes that the model left running; they are killed with the group.
    if 'multiprocessing.util' in sys.modules:
        atexit.unregister(sys.modules['multiprocessing.util']._exit_function)
    if atexit._ncallbacks() > 0 or holds_files():
        limit(code)
        atexit._run_exitfuncs()
    if holds_files():
        flush()
        forget(playground)


def limit(code):
    from threading import Timer

    timer = Timer(SECONDS_MAX, os._exit, (code,))
    timer.daemon = True
    timer.start()


def holds_files():
    """Whether a regular file is open for writing."""
    try:
        descriptors = [int(name) for name in os.listdir('/proc/self/fd')]
    except OSError:
        descriptors = range(256)
    return any(is_written(descriptor) for descriptor in descriptors if descriptor > 2)


def is_written(descriptor):
    try:
        access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
        return access != os.O_RDONLY and stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def forget(playground):
    """Lets go what the model's modules hold: files with unwritten content are closed by it, archives are ended."""
    # Threads that still run find their names gone; nobody needs to read of it.
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    for module in list(sys.modules.values()):
        if str(getattr(module, '__file__', None) or '').startswith(playground):
            scope = vars(module)
            scope.update((name, None) for name in list(scope) if name != '__builtins__')
    gc.collect()


def flush():
    """Handlers that write late get their chance, then what is still in a buffer goes out."""
    try:
        if 'logging' in sys.modules:
            sys.modules['logging'].shutdown()
    except BaseException:
        pass
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
