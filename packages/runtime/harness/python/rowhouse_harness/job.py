"""One job from its plan to its last event. The process ends here, whatever threads the model left behind."""
import json
import os
import sys
from io import open

from rowhouse_harness.archives import unpack_attachments
from rowhouse_harness.avro_check import make_check
from rowhouse_harness.calling import call_init
from rowhouse_harness.csv_input import CsvInput
from rowhouse_harness.failures import JobFailed, describe, failure_of, traceback_lines
from rowhouse_harness.frames import batches
from rowhouse_harness.json_input import JsonInput, TextInput
from rowhouse_harness.leaving import leave
from rowhouse_harness.loading import load_model, prepare_process
from rowhouse_harness.output import open_output
from rowhouse_harness.reporting import BadRecordStops, Report, say
from rowhouse_harness.scoring import Sinks, call_end, score, score_recordsets
from rowhouse_harness.whole import metrics, train

# Libraries that take long to import and start no threads of their own by it; a warm parent checks that.
WORTH_KEEPING_WARM = frozenset(
    ['catboost', 'dateutil', 'joblib', 'lightgbm', 'numpy', 'orjson', 'pandas', 'patsy', 'pyarrow', 'pytz', 'scipy', 'sklearn', 'statsmodels', 'threadpoolctl', 'xgboost']
)
# From before the model came, which may put a function of its own in the place of json.loads.
decode = json.JSONDecoder().decode
# What this process had imported before it was forked; a fresh one has nothing.
WARM = frozenset()


def run_and_leave(plan_path, descriptor):
    """Does not return. 0: all was read; 1: the job failed and the `failed` event says why."""
    with open(plan_path, encoding='utf-8') as file:
        plan = json.load(file)
    report = Report(take(descriptor), plan['rejectsPath'], plan['stopOnBadRecords'])
    os.register_at_fork(after_in_child=report.fall_silent)
    code = run(plan, report)
    leave(code, plan['playground'])


def take(descriptor):
    """The event channel under a number that the model does not know and its programs do not inherit.

    The old number leads nowhere: were it free, the next file opened would get it, and a model that writes to it would spoil that file.
    """
    try:
        own = os.dup(descriptor)
    except OSError:
        own = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor, inheritable=False)
    if nowhere != descriptor:
        os.close(nowhere)
    return own


def run(plan, report):
    try:
        report.tell('started')
        run_phases(plan, report)
        report.close()
        report.tell('finished', **report.totals())
        return 0
    except BadRecordStops as stop:
        error = 'stopped at the first bad record, as stopOnBadRecords asks: %s' % stop.reason
        failure = JobFailed(plan['function'], error, stop.record, stop.line)
    except JobFailed as failed:
        failure = failed
    except BaseException as error:
        failure = JobFailed('load', 'the harness failed: %s' % describe(error), traceback=traceback_lines(error, with_own_frames=True))
    if report.is_silent:
        return end_of_fork(failure)
    report_failure(report, failure)
    return 1


def end_of_fork(failure):
    """A process that the model forked ends here like any other, whatever frames of ours it came through: its exit code is no news of the job."""
    raised = failure.__context__
    if isinstance(raised, SystemExit):
        return raised.code if isinstance(raised.code, int) else int(raised.code is not None)
    say('\n'.join(failure.traceback))
    return 1


def report_failure(report, failure):
    try:
        for sink in report.sinks:
            sink.close()
        report.close()
        report.tell('progress', **report.totals())
    except BaseException:
        pass
    report.tell(
        'failed',
        phase=failure.phase,
        error=failure.error,
        isRaised=failure.is_raised,
        record=failure.record,
        line=failure.line,
        traceback=failure.traceback,
    )


def run_phases(plan, report):
    prepare_process(plan)
    unpack_attachments(plan['playground'])
    model = load_model(plan)
    function = model.get_all(plan['function'], [one['slot'] for one in plan['inputs']])
    initialise(model, plan)
    model.raise_user_warnings()
    report.tell('init-succeeded')
    tell_imports(report)
    if plan['function'] == 'score':
        run_score(plan, model, function, report)
    else:
        run_whole(plan, function, report)


def tell_imports(report):
    """For the launcher: what a warm parent may import before it forks for the next job."""
    fresh = [name for name in list(sys.modules) if name.partition('.')[0] in WORTH_KEEPING_WARM and name not in WARM]
    if fresh:
        report.tell('imported', modules=fresh)


def initialise(model, plan):
    function = model.find('init')
    if function is None:
        return
    try:
        call_init(function, lambda: init_argument(plan))
    except BaseException as error:
        raise failure_of('init', error) from None


def init_argument(plan):
    with open(plan['jobJsonPath'], encoding='utf-8') as file:
        text = file.read()
    return {'rawJson': text, 'job': decode(text)}


def run_score(plan, model, functions, report):
    sinks = open_sinks(plan, report)
    streams = [open_stream(one, report, 'record') for one in plan['inputs']]
    report.watch(streams, sinks.all())
    checks = input_checks(plan)
    by_record = []
    for stream, one in zip(streams, plan['inputs']):
        if model.annotations.recordsets(stream.slot):
            frames = batches(stream, one, plan['recordsetRows'], checks.get(stream.slot), report)
            score_recordsets(stream, functions[stream.slot], sinks, report, frames, model.annotations.recordsets)
        else:
            by_record.append(stream)
    if len(by_record) == len(streams):
        sinks.take_rows(model.annotations.recordsets)
    score(by_record, functions, sinks, report, checks)
    call_end(model.module, sinks)
    sinks.close()


def run_whole(plan, function, report):
    streams = [open_stream(one, report, 'rows') for one in plan['inputs']]
    sinks = open_sinks(plan, report) if plan['output'] is not None else Sinks({})
    report.watch(streams, sinks.all())
    function = next(iter(function.values()))
    if plan['function'] == 'metrics':
        metrics(function, streams, plan['inputs'], sinks, report)
    else:
        train(function, streams, plan['inputs'], report)
    sinks.close()


def open_sinks(plan, report):
    by_slot = {1: open_output(plan['output'], report)}
    for one in plan.get('furtherOutputs') or ():
        by_slot[one['slot']] = open_output(one, report)
    check = make_check(plan['outputSchema']) if plan['checkOutputSchema'] else None
    if check is not None:
        by_slot[1].check_with(check)
    return Sinks(by_slot)


def input_checks(plan):
    """By slot. The model's schema is that of the first input; others bring their own."""
    if not plan['checkInputSchema']:
        return {}
    first = {'schema': plan['inputSchema']}
    return {one['slot']: make_check(dict(first if one['slot'] == 0 else {}, **one).get('schema')) for one in plan['inputs']}


def open_stream(plan, report, arrays):
    if plan['format'] == 'CSV':
        return CsvInput(plan, report)
    if plan['format'] == 'TEXT':
        return TextInput(plan, report)
    return JsonInput(plan, report, arrays)
