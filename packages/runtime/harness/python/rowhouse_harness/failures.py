"""How a job fails: one sentence, the phase, and the traceback without our own frames."""
import builtins
import os

from rowhouse_harness import HERE

TRACEBACK_LINES_MAX = 200
ERROR_CHARACTERS_MAX = 4000


class JobFailed(Exception):
    """Ends the job. `phase` is one of load, init, score, metrics, train, input, output. `is_raised`: by the model; else these are our own words."""

    def __init__(self, phase, error, record=None, line=None, traceback=(), is_raised=False):
        super().__init__(error)
        self.phase = phase
        self.error = error
        self.record = record
        self.line = line
        self.traceback = list(traceback)
        self.is_raised = is_raised


def failure_of(phase, exception, record=None, line=None):
    """The failure that an exception of the model's own code means."""
    return JobFailed(phase, describe(exception), record, line, traceback_lines(exception), is_raised=True)


def describe(exception):
    """`KeyError: 'amount'`, as the last line of a traceback has it."""
    kind = type(exception)
    name = kind.__qualname__
    if kind.__module__ not in (builtins.__name__, '__main__', 'model'):
        name = kind.__module__ + '.' + name
    try:
        text = str(exception)
    except Exception:
        text = '<a message that cannot be shown>'
    return (name + ': ' + text if text else name)[:ERROR_CHARACTERS_MAX]


def traceback_lines(exception, with_own_frames=False):
    import traceback

    try:
        story = traceback.TracebackException(type(exception), exception, exception.__traceback__)
        if not with_own_frames:
            leave_out_own_frames(story, set())
        lines = [line[:ERROR_CHARACTERS_MAX] for line in ''.join(story.format()).splitlines()]
    except Exception as problem:
        return [describe(exception), '(its traceback cannot be shown: %s)' % describe(problem)]
    if len(lines) > TRACEBACK_LINES_MAX:
        half = TRACEBACK_LINES_MAX // 2
        lines = lines[:half] + ['  … %d lines left out' % (len(lines) - 2 * half)] + lines[-half:]
    return lines


def leave_out_own_frames(story, seen):
    if story is None or id(story) in seen:
        return
    seen.add(id(story))
    if story.stack:
        run = os.path.join(os.path.dirname(HERE), '')
        own = [frame for frame in story.stack if frame.filename.startswith(run) and 'stand_ins' not in frame.filename]
        for frame in own:
            story.stack.remove(frame)
    leave_out_own_frames(story.__cause__, seen)
    leave_out_own_frames(story.__context__, seen)
    for inner in getattr(story, 'exceptions', None) or ():
        leave_out_own_frames(inner, seen)
