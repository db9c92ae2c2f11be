"""A parent that has done the imports and forks for each job: `python -u -X utf8 zygote.py`, one for each environment.

Life: imports the harness, says `ready`, then waits for lines on its standard input: `{"fork": ID, "socket": PATH}` or `{"import": [NAMES]}`.
A child connects to PATH three times (for stdout, stderr and events) and reads from the last what it is to run and the variables it is to
have: the parent never sees them. The parent tells each child's number and end. When its standard input closes (the agent is gone) it kills
the children that are left and ends.

Only imports happen before a fork, never a model's code, and never with a second thread about: where an import starts one, the parent says
`unfit` and forks no more. It stays for the children it has.
"""
import gc
import json
import os
import random
import select
import signal
import socket
import sys


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if entry and os.path.abspath(entry) != here]
    sys.path.insert(0, here)
    from rowhouse_harness import job, loading

    sys.path.remove(here)
    import linecache, tokenize, traceback  # noqa: E401, F401  each job needs them sooner or later

    Parent(job, [entry for entry in sys.path if loading.is_library(entry)]).serve()


class Parent:
    def __init__(self, job, libraries):
        self.job = job
        self.children = set()
        self.is_unfit = False
        # Its own channel under a number of its own: what an import prints must not be taken for an answer.
        self.answers = os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.close(null)
        self.wake, self.wakeup = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(self.wakeup, False)
        signal.set_wakeup_fd(self.wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.collect()
        gc.freeze()
        self.say(ready=True, libraries=libraries)

    def say(self, **answer):
        os.write(self.answers, (json.dumps(answer) + '\n').encode('ascii'))

    def serve(self):
        rest = b''
        while True:
            readable, _, _ = select.select([0, self.wake], [], [])
            if self.wake in readable:
                os.read(self.wake, 4096)
                self.bury()
            if 0 in readable:
                block = os.read(0, 65536)
                if not block:
                    self.end()
                *lines, rest = (rest + block).split(b'\n')
                for line in lines:
                    self.obey(json.loads(line))

    def obey(self, order):
        if 'import' in order:
            self.preload(order['import'])
        elif self.is_unfit:
            self.say(refused=order['fork'])
        else:
            self.fork(order['fork'], order['socket'])

    def preload(self, names):
        for name in names:
            try:
                __import__(name)
            except BaseException:
                pass
        if threads() != 1:
            self.is_unfit = True
            self.say(unfit='an import started %d threads' % (threads() - 1))
        gc.collect()
        gc.freeze()

    def fork(self, identity, path):
        child = os.fork()
        if child == 0:
            self.become(identity, path)
        self.children.add(child)
        self.say(forked=identity, pid=child)

    def become(self, identity, path):
        """In the child. Does not return."""
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (self.answers, self.wake, self.wakeup):
                os.close(descriptor)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.close(null)
            order = take_over(identity, path)
            os.environ.clear()
            os.environ.update(order['env'])
            forget_parent()
            self.job.WARM = frozenset(sys.modules)
        except BaseException:
            os._exit(70)
        self.job.run_and_leave(order['plan'], 3)

    def bury(self):
        while self.children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            self.children.discard(child)
            if os.WIFSIGNALED(status):
                self.say(exited=child, code=None, signal=signal.Signals(os.WTERMSIG(status)).name)
            else:
                self.say(exited=child, code=os.WEXITSTATUS(status), signal=None)

    def end(self):
        for child in self.children:
            try:
                os.killpg(child, signal.SIGKILL)
            except OSError:
                pass
        os._exit(0)


def take_over(identity, path):
    """Connects the child's stdout, stderr and event channel; reads what to run from the last."""
    for number, name in ((1, 'stdout'), (2, 'stderr'), (3, 'events')):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        channel.connect(path)
        channel.sendall(('%s %s\n' % (identity, name)).encode('ascii'))
        descriptor = channel.detach()
        if descriptor != number:
            os.dup2(descriptor, number)
            os.close(descriptor)
        else:
            os.set_inheritable(descriptor, True)
    text = b''
    while not text.endswith(b'\n'):
        block = os.read(3, 65536)
        if not block:
            os._exit(70)
        text += block
    return json.loads(text)


def forget_parent():
    """What all children would otherwise have in common: streams, the state of random generators, the time zone."""
    import io
    import time

    sys.stdin = sys.__stdin__ = open(0, encoding='utf-8', closefd=False)
    # Unbuffered, as `-u` has it.
    out, error = (io.TextIOWrapper(open(number, 'wb', 0, closefd=False), 'utf-8', write_through=True) for number in (1, 2))
    sys.stdout = sys.__stdout__ = out
    sys.stderr = sys.__stderr__ = error
    random.seed()
    if 'numpy.random' in sys.modules:
        sys.modules['numpy.random'].seed()
    time.tzset()


def threads():
    try:
        return len(os.listdir('/proc/self/task'))
    except OSError:
        return 1


if __name__ == '__main__':
    main()
