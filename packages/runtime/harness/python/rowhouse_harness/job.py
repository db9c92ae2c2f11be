"""One job from its plan to its last event. The process ends here, whatever threads the model left behind."""
import json
import os
import sys

from rowhouse_harness.calling import call_init
from rowhouse_harness.csv_input import CsvInput
from rowhouse_harness.failures import JobFailed, describe, failure_of, traceback_lines
from rowhouse_harness.json_input import JsonInput, TextInput
from rowhouse_harness.loading import load_model, prepare_process
from rowhouse_harness.output import open_output
from rowhouse_harness.reporting import BadRecordStops, Report
from rowhouse_harness.scoring import Sinks, call_end, score


def run_and_leave(plan_path, descriptor):
    """Does not return. 0: all was read; 1: the job failed and the `failed` event says why."""
    with open(plan_path, encoding='utf-8') as file:
        plan = json.load(file)
    report = Report(take(descriptor), plan['rejectsPath'], plan['stopOnBadRecords'])
    code = run(plan, report)
    leave(code)


def take(descriptor):
    """The event channel under a number that the model does not know and its programs do not inherit."""
    try:
        own = os.dup(descriptor)
        os.close(descriptor)
        return own
    except OSError:
        return os.dup(2)


def run(plan, report):
    try:
        report.tell('started')
        run_phases(plan, report)
        report.close()
        report.tell('finished', **report.totals())
        return 0
    except BadRecordStops as stop:
        error = 'stopped at the first bad record, as stopOnBadRecords asks: %s' % stop.reason
        failure = JobFailed(stop.phase, error, stop.record, stop.line)
    except JobFailed as failed:
        failure = failed
    except BaseException as error:
        failure = JobFailed('load', 'the harness failed: %s' % describe(error), traceback=traceback_lines(error))
    report_failure(report, failure)
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
        'failed', phase=failure.phase, error=failure.error, record=failure.record, line=failure.line, traceback=failure.traceback
    )


def run_phases(plan, report):
    prepare_process(plan)
    model = load_model(plan)
    function = model.get(plan['function'])
    initialise(model, plan)
    report.tell('init-succeeded')
    if plan['function'] == 'score':
        run_score(plan, model, function, report)


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
    return {'rawJson': text, 'job': json.loads(text)}


def run_score(plan, model, function, report):
    sinks = Sinks({1: open_output(plan['output'], report)})
    streams = [open_stream(one, report, 'record') for one in plan['inputs']]
    report.watch(streams, sinks.all())
    score(streams, lambda slot: function, sinks, report, {})
    call_end(model.module, sinks)
    for sink in sinks.all():
        sink.close()


def open_stream(plan, report, arrays):
    if plan['format'] == 'CSV':
        return CsvInput(plan, report)
    if plan['format'] == 'TEXT':
        return TextInput(plan, report)
    return JsonInput(plan, report, arrays)


def leave(code):
    """Without waiting for threads. Handlers that write late get their chance, then what is still in a buffer goes out."""
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
    os._exit(code)
