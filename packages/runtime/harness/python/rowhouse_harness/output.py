"""The job's output file: CSV or JSON lines, written in blocks.

A value that has no form in the file is rejected by encoding and the next one goes on. `written` counts what is on disk.

Canonical spelling: numbers as Python's shortest repr (`100.0`, `1e-05`), `true`/`false`, a missing value is null in JSON and blank in CSV,
lines end in LF, a list or object inside a CSV cell is its JSON text.
"""
import csv
import io
from io import open

from rowhouse_harness.encoding import NotEncodable, problem_of, to_json, to_plain, to_text
from rowhouse_harness.failures import JobFailed

BLOCK_RECORDS = 512
SCALAR_COLUMN = 'output'
# What a cell may hold that is written without a further look.
PLAIN = frozenset([str, int, float, bool, type(None)])
SHAPES_MAX = 64


class Output:
    """What both formats share. `source` is the input whose record is being scored: a rejected output is placed by it."""

    def __init__(self, plan, report):
        self.report = report
        self.written = 0
        self.pending = []
        self.source = None
        # `emit` takes a value; where outputs are checked first, it hands on to `accept`.
        self.emit = self.accept = self.encode
        try:
            self.file = open(plan['path'], 'wb', buffering=0)
        except OSError as error:
            raise JobFailed('output', 'the output file cannot be opened: %s' % error.strerror) from None

    def place(self):
        return self.source.place() if self.source is not None else (0, None)

    def reject(self, reason, value, place=None, by='encoding'):
        self.report.reject('output', by, place or self.place(), reason, shown(value))

    def check_with(self, check):
        """From now on, each output has to pass."""

        def emit_checked(value):
            try:
                plain = to_plain(value)
            except NotEncodable as problem:
                self.reject(str(problem), value)
                return
            problem = check(plain)
            if problem is None:
                self.accept(plain)
            else:
                self.reject(problem, value, by='schema')

        self.emit = emit_checked

    def take_rows(self):
        """`recordsets.1` for a model that gets records: the rows of a frame, an array or a list are the outputs."""
        from rowhouse_harness.frames import rows_of

        emit = self.emit

        def emit_rows(value):
            for row in rows_of(value, frozenset()):
                emit(row)

        self.emit = emit_rows

    def write(self, data, records):
        view = memoryview(data)
        try:
            while view:
                view = view[self.file.write(view):]
        except OSError as error:
            raise JobFailed('output', 'the output cannot be written: %s' % error.strerror) from None
        self.written += records

    def close(self):
        self.flush()
        self.file.close()


class JsonOutput(Output):
    def encode(self, value):
        try:
            line = to_json(value)
        except NotEncodable as problem:
            self.reject(str(problem), value)
            return
        self.pending.append(line)
        if len(self.pending) >= BLOCK_RECORDS:
            self.flush()

    def flush(self):
        if self.pending:
            lines, self.pending = self.pending, []
            self.write(b'\n'.join(lines) + b'\n', len(lines))


class CsvOutput(Output):
    """The header is the plan's columns, else the keys of the first output.

    By far the most outputs are dicts with the header's keys and plain values. A function is generated for the types that the columns
    held so far and stands in for `encode`, which does all others and learns from them.
    """

    def __init__(self, plan, report):
        super().__init__(plan, report)
        self.columns = None
        self.width = -1
        # By column: the types its values had.
        self.kinds = []
        self.shapes = 0
        if plan['columns']:
            self.begin([str(name) for name in plan['columns']])

    def begin(self, columns):
        self.columns = columns
        self.known = frozenset(columns)
        self.width = len(columns)
        self.kinds = [frozenset()] * self.width
        self.write(as_csv([columns]), 0)

    def encode(self, value):
        try:
            row = self.to_row(value)
        except NotEncodable as problem:
            self.reject(str(problem), value)
            return
        self.pending.append(row)
        if len(self.pending) >= BLOCK_RECORDS:
            self.flush()
        self.learn(value)

    def learn(self, value):
        """The next output of this shape takes the short way."""
        if type(value) is not dict or value.keys() != self.known or self.shapes == SHAPES_MAX:
            return
        kinds = [known | {type(value[name])} for known, name in zip(self.kinds, self.columns)]
        if kinds == self.kinds or not PLAIN.issuperset(frozenset().union(*kinds)):
            return
        self.kinds = kinds
        self.shapes += 1
        is_checked = self.emit != self.accept
        self.accept = compile_short_way(self)
        if not is_checked:
            self.emit = self.accept

    def to_row(self, value):
        record = to_plain(value)
        if not isinstance(record, dict):
            record = {SCALAR_COLUMN: record}
        if self.columns is None:
            if not record:
                raise NotEncodable('an object without fields makes no CSV row')
            self.begin(list(record))
        unknown = [name for name in record if name not in self.known]
        if unknown:
            raise NotEncodable("'%s' is not among the output's columns: %s" % (unknown[0], ', '.join(self.columns)[:500]))
        return [to_cell(record.get(name)) for name in self.columns]

    def flush(self):
        if not self.pending:
            return
        rows = self.pending[:]
        self.pending.clear()
        try:
            self.write(as_csv(rows), len(rows))
        except (ValueError, csv.Error):
            for row in rows:
                self.write_one(row)

    def write_one(self, row):
        try:
            self.write(as_csv([row]), 1)
        except (ValueError, csv.Error) as error:
            self.reject(problem_of(error), list(row))


def to_cell(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (dict, list)):
        return to_text(value)
    return value


def compile_short_way(output):
    """For dicts with the output's columns whose values are of the types known so far; the rest goes to `encode`."""
    names = ['c%d' % index for index in range(output.width)]
    scope = {'encode': output.encode, 'flush': output.flush, 'pending': output.pending, 'append': output.pending.append}
    scope.update(('kinds%d' % index, tuple(kinds)) for index, kinds in enumerate(output.kinds))
    scope.update(('kind%d' % index, next(iter(kinds))) for index, kinds in enumerate(output.kinds))
    checks = []
    cells = []
    for index, (name, kinds) in enumerate(zip(names, output.kinds)):
        checks.append('type(%s) %s' % (name, 'is kind%d' % index if len(kinds) == 1 else 'in kinds%d' % index))
        if float in kinds:
            # A finite number less itself is 0; NaN and infinity give NaN.
            finite = '%s - %s == 0' % (name, name)
            checks.append(finite if len(kinds) == 1 else '(type(%s) is not float or %s)' % (name, finite))
        truth = '"true" if %s else "false"' % name
        cells.append(name if bool not in kinds else '(%s)' % truth if len(kinds) == 1 else '((%s) if type(%s) is bool else %s)' % (truth, name, name))
    reads = '; '.join('%s = value[%r]' % pair for pair in zip(names, output.columns))
    code = SHORT_WAY % {'width': output.width, 'reads': reads, 'checks': ' and '.join(checks), 'cells': ', '.join(cells), 'block': BLOCK_RECORDS}
    exec(compile(code, __file__, 'exec'), scope)
    return scope['short_way']


SHORT_WAY = '''
def short_way(value):
    if type(value) is dict and len(value) == %(width)d:
        try:
            %(reads)s
        except KeyError:
            encode(value)
            return
        if %(checks)s:
            append((%(cells)s,))
            if len(pending) >= %(block)d:
                flush()
            return
    encode(value)
'''


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    text = text.getvalue()
    if '\r' in text and not QUOTES_RETURNS:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator='\r\n')
        lines = []
        for row in rows:
            writer.writerow(row)
            lines.append(text.getvalue()[:-2])
            text.seek(0)
            text.truncate()
        text = '\n'.join(lines) + '\n'
    return text.encode('utf-8')


def quotes_returns():
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerow(['a\rb'])
    return text.getvalue().startswith('"')


# Older Pythons leave a carriage return inside a cell without quotes unless the line ends hold one too.
QUOTES_RETURNS = quotes_returns()


def shown(value):
    try:
        return repr(value)
    except Exception:
        return None


def open_output(plan, report):
    return (CsvOutput if plan['format'] == 'CSV' else JsonOutput)(plan, report)
