"""score: each record of each input through the model's function, in input order."""
from time import monotonic
from types import GeneratorType

from rowhouse_harness.calling import awaiting, score_arguments
from rowhouse_harness.failures import JobFailed, describe, failure_of
from rowhouse_harness.reporting import BadRecordStops, say

END = object()
# Ours: they pass through the `except` that catches what the model raised.
OURS = (JobFailed, BadRecordStops)


class Sinks:
    """Where outputs go by slot. Slot 1 is the job's output; outputs of 3, 5 … go to files of their own when the plan has them."""

    def __init__(self, by_slot):
        self.by_slot = by_slot
        self.main = by_slot.get(1)
        self.dropped = {}

    def emit(self, value):
        if is_slot_pair(value):
            self.emit_to(*value)
        else:
            self.main.emit(value)

    def emit_to(self, slot, value):
        sink = self.by_slot.get(slot)
        if sink is not None:
            sink.emit(value)
        elif slot % 2 == 1 and slot > 0:
            self.dropped[slot] = self.dropped.get(slot, 0) + 1
        else:
            self.main.reject('slot %d takes no outputs: output slots are 1, 3, 5 …' % slot, (slot, value))

    def take_rows(self, is_recordset):
        for slot, sink in self.by_slot.items():
            if is_recordset(slot):
                sink.take_rows()

    def follow(self, source):
        for sink in self.by_slot.values():
            sink.source = source

    def all(self):
        return list(self.by_slot.values())

    def close(self):
        for sink in self.by_slot.values():
            sink.close()
        for slot, count in sorted(self.dropped.items()):
            say('%d output(s) for slot %d were dropped: the job has no output for this slot' % (count, slot))


def score(streams, functions, sinks, report, checks):
    """`functions` and `checks` are by slot."""
    if len(streams) == 1:
        stream = streams[0]
        sinks.follow(stream)
        make_scorer(stream, functions[stream.slot], sinks, report, checks)(stream)
        return
    # Order between slots is not defined. Taking turns lets a model that combines its inputs do so without holding a whole file.
    running = [(stream, iter(stream), make_scorer(stream, functions[stream.slot], sinks, report, checks)) for stream in streams]
    while running:
        for turn in list(running):
            stream, values, score_all = turn
            sinks.follow(stream)
            value = next(values, END)
            if value is END:
                running.remove(turn)
            else:
                score_all((value,))


def make_scorer(stream, function, sinks, report, checks):
    """A function that scores each of the values of a stream."""
    # What it emits with changes as it learns what the outputs are like.
    main = sinks.main
    emit_pair = sinks.emit
    call = adapt(function, stream)
    check = checks.get(stream.slot)

    def score_all(values):
        for value in values:
            if monotonic() >= report.due:
                report.progress()
            if check is not None:
                problem = check(value)
                if problem is not None:
                    report.reject('input', 'schema', stream.place(), problem, stream.raw())
                    continue
            try:
                result = call(value)
                if type(result) is GeneratorType:
                    for output in result:
                        main.emit(output) if type(output) is not tuple else emit_pair(output)
                elif result is not None:
                    main.emit(result)
            except OURS:
                raise
            except UserWarning as warning:
                report.reject('input', 'model', stream.place(), str(warning) or describe(warning), stream.raw())
            except BaseException as error:
                raise failure_of('score', error, *stream.place()) from None

    return score_all


def adapt(function, stream):
    """The function as one of the datum alone."""
    arguments = score_arguments(function)
    slot = stream.slot
    if arguments == 1:
        return function
    if arguments == 2:
        return lambda datum: function(datum, slot)
    return lambda datum: function(datum, slot, stream.number)


class BatchPlace:
    """Of what comes of a batch: the record it ended with. Which line that is on, the reader has forgotten."""

    def __init__(self, stream):
        self.stream = stream

    def place(self):
        return self.stream.number, None


def score_recordsets(stream, function, sinks, report, batches, is_recordset):
    """Frames instead of records: a batch is lost or kept as a whole. Rows of what comes back are the outputs; a list is rows where its slot is a recordset."""
    from rowhouse_harness.frames import is_frame, rows_of

    arguments = score_arguments(function)
    source = BatchPlace(stream)
    sinks.follow(source)
    for batch in batches:
        known = frozenset(batch.columns) if is_frame(batch) else frozenset()
        try:
            for slot, value in outputs_of(function(*(batch, stream.slot, stream.number)[:arguments])):
                for row in rows_of(value, known, is_recordset(slot)):
                    sinks.emit_to(slot, row)
        except OURS:
            raise
        except UserWarning as warning:
            for _ in range(len(batch)):
                report.reject('input', 'model', source.place(), str(warning) or describe(warning))
        except BaseException as error:
            raise failure_of('score', error, *source.place()) from None
        if monotonic() >= report.due:
            report.progress()


def outputs_of(result):
    """(slot, value) of each output. A tuple names a slot where it is yielded; what is returned is one output, whatever it is."""
    if type(result) is GeneratorType:
        for value in result:
            yield value if is_slot_pair(value) else (1, value)
    elif result is not None:
        yield 1, result


def is_slot_pair(value):
    return type(value) is tuple and len(value) == 2 and type(value[0]) is int


def call_end(module, sinks):
    """`end`, the old engines' last call, where a source defines it without parameters."""
    function = getattr(module, 'end', None)
    code = getattr(function, '__code__', None)
    if code is None or code.co_argcount != 0:
        return
    try:
        for slot, output in outputs_of(awaiting(function)()):
            sinks.emit_to(slot, output)
    except OURS:
        raise
    except BaseException as error:
        raise failure_of('score', error) from None
