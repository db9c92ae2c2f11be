"""metrics and train: one call with a DataFrame for each input, in the order of the inputs."""
from types import GeneratorType

from rowhouse_harness.calling import takes_slot_number
from rowhouse_harness.failures import describe, failure_of
from rowhouse_harness.frames import whole_frame
from rowhouse_harness.scoring import OURS, outputs_of


def metrics(function, streams, plans, sinks, report):
    frames = [whole_frame(stream, plan, 'metrics', report) for stream, plan in zip(streams, plans)]
    report.progress()
    if takes_slot_number(function) and len(frames) >= 1:
        calls = [(frame, stream.slot) for frame, stream in zip(frames, streams)]
    else:
        calls = [tuple(frames)]
    try:
        for arguments in calls:
            for slot, value in outputs_of(function(*arguments)):
                sinks.emit_to(slot, value)
    except OURS:
        raise
    except UserWarning as warning:
        reject_whole(warning, report)
    except BaseException as error:
        raise failure_of('metrics', error) from None


def train(function, streams, plans, report):
    """What it returns is ignored; what it leaves below outputDir is the result."""
    frames = [whole_frame(stream, plan, 'train', report) for stream, plan in zip(streams, plans)]
    report.progress()
    try:
        result = function(*frames)
        if type(result) is GeneratorType:
            for _ in result:
                pass
    except UserWarning as warning:
        reject_whole(warning, report)
    except BaseException as error:
        raise failure_of('train', error) from None


def reject_whole(warning, report):
    """As in score a UserWarning does not end the job in error; here all rows are the one record that it costs."""
    report.reject('input', 'model', (0, None), str(warning) or describe(warning))
