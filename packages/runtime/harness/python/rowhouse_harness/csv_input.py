"""A CSV file as dicts, typed by column.

The rules are those of packages/tables (csv-scanner.ts, csv-cells.ts), which follow pandas: a missing value is blank or one of pandas' words
for it, a short row is filled with blanks, a row with more cells than the header is rejected, lines with nothing but blanks are no records.

The loop is generated for the columns at hand: unpacking a row checks its width for free and a dict display with constant keys is the
fastest way to build the record. A row that does not fit goes to `mend`, which finds what it means or says what is wrong with it.
"""
import codecs
import csv
import os
import re
from io import open

from rowhouse_harness.failures import JobFailed

FIELD_CHARACTERS_MAX = 64 * 1024 * 1024
UNDECODED = re.compile('[\udc80-\udcff]')
BLANKS = ' \t\v\f\r\n'
WRITTEN_AS_NUMBER = re.compile(r'[ \t\v\f\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\v\f\r\n]*\Z')
NUMBER = re.compile(r'-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z')
# What pandas.read_csv takes for a missing value.
MISSING = frozenset(
    ['', '#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN', '<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan', 'null']
)
TRUTH = {'true': True, 'True': True, 'TRUE': True, 'false': False, 'False': False, 'FALSE': False, '': None}
# float() takes 'nan' for a number, which is not equal to itself; other words for a missing value make it raise.
EXPRESSION = {
    'integer': 'int({0}) if {0} else None',
    'float': '({0} if ({0} := float({0})) == {0} else None) if {0} else None',
    'boolean': 'TRUTH[{0}]',
    'string': '{0} if {0} not in MISSING else None',
    'cell': 'guess({0})',
}
# Of a column that the plan says has no missing value.
EXPRESSION_OF_FULL = {'integer': 'int({0})', 'float': 'float({0})', 'boolean': 'TRUTH[{0}]', 'string': '{0}'}
# Stands in `undecoded` when the file has ended inside a quote: the reader asks for another line only then.
UNCLOSED = object()


class BadRow(Exception):
    pass


class CsvInput:
    def __init__(self, plan, report):
        self.slot = plan['slot']
        self.name = plan['name']
        self.path = plan['path']
        self.report = report
        self.number = 0
        self.lines = []
        self.undecoded = []
        self.reader = None
        self.file = open_text(self.path, self.name)
        self.columns = plan['columns']
        self.by_cell = plan.get('typing') == 'cells'

    def bytes_read(self):
        try:
            return self.file.buffer.raw.tell()
        except ValueError:
            return os.path.getsize(self.path)

    def place(self):
        """Number of the current record and the line it starts on."""
        return self.number, self.reader.line_num - len(self.lines) + 1

    def raw(self):
        return ''.join(self.lines).rstrip('\r\n')

    def __iter__(self):
        csv.field_size_limit(FIELD_CHARACTERS_MAX)
        self.reader = csv.reader(self.tap())
        try:
            header = next((row for row in self.reader if not is_blank_line(row, self.lines)), None)
        except csv.Error as error:
            raise JobFailed('input', '%s: its header cannot be read: %s' % (self.name, error), line=1) from None
        if header is None:
            return iter(())
        if self.undecoded:
            raise JobFailed('input', '%s is not UTF-8: its header has other bytes. Save it as UTF-8' % self.name, line=1)
        columns = self.columns or [{'name': name, 'type': 'string'} for name in header]
        if self.by_cell:
            columns = [{'name': column['name'], 'type': 'cell'} for column in columns]
        if len(columns) != len(header):
            raise JobFailed('input', '%s has %d columns, its plan %d' % (self.name, len(header), len(columns)), line=1)
        self.columns = columns
        return compile_loop(columns)(self)

    def tap(self):
        """Keeps the lines of the record being read: they are what a rejected record is shown as, and they place it in the file."""
        keep = self.lines.append
        for line in self.file:
            keep(line)
            if not line.isascii() and UNDECODED.search(line):
                self.undecoded.append(line)
            yield line
        self.undecoded.append(UNCLOSED)

    def refuse_syntax(self, text):
        self.number += 1
        if 'field larger' in text:
            record, line = self.place()
            problem = '%s, line %d: a quote is opened and not closed within %d MiB' % (self.name, line, FIELD_CHARACTERS_MAX >> 20)
            raise JobFailed('input', problem, record, line)
        self.refuse(text)

    def refuse(self, reason):
        self.report.reject('input', 'encoding', self.place(), reason, self.raw())

    def mend(self, row):
        """The record of a row that the generated loop could not take, or None when it was rejected."""
        if is_blank_line(row, self.lines):
            self.number -= 1
            return None
        try:
            if self.undecoded:
                self.refuse_text()
            return self.convert(row)
        except BadRow as bad:
            self.refuse(str(bad))
            return None

    def refuse_text(self):
        line = self.undecoded.pop()
        self.undecoded.clear()
        if line is UNCLOSED:
            raise BadRow('a quote is opened and never closed: the file ends %d lines further down' % (len(self.lines) - 1))
        found = UNDECODED.search(line)
        raise BadRow('not UTF-8: byte 0x%02x at character %d of the line' % (ord(found.group()) - 0xDC00, found.start() + 1))

    def convert(self, row):
        width = len(self.columns)
        if len(row) > width:
            raise BadRow('%d cells where the header has %d' % (len(row), width))
        cells = row + [''] * (width - len(row))
        return {column['name']: typed(cell, column) for cell, column in zip(cells, self.columns)}


def is_blank_line(row, lines):
    return not row or (len(row) == 1 and not row[0].strip(' \t') and '"' not in lines[-1])


def open_text(path, name):
    try:
        with open(path, 'rb') as file:
            start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise JobFailed('input', '%s is UTF-16, not UTF-8. Save it as UTF-8' % name)
        encoding = 'utf-8-sig' if start.startswith(codecs.BOM_UTF8) else 'utf-8'
        return open(path, encoding=encoding, errors='surrogateescape', newline='')
    except OSError as error:
        raise JobFailed('input', '%s cannot be read: %s' % (name, error.strerror)) from None


def typed(cell, column):
    kind = column['type']
    if kind == 'cell':
        return guess(cell)
    if cell in MISSING:
        return None
    if kind == 'string':
        return cell
    try:
        # Unlike a number, true and false may not stand between blanks.
        return TRUTH[cell.lower()] if kind == 'boolean' else parse(cell.strip(BLANKS), kind)
    except (ValueError, KeyError, OverflowError):
        return by_itself(cell)


def by_itself(cell):
    """A cell that is not of its column's declared type: a number where it is written as one, else text. A schema check may object; reading does not."""
    if not WRITTEN_AS_NUMBER.match(cell):
        return cell
    text = cell.strip(BLANKS)
    return int(text) if text.lstrip('+-').isdigit() else float(text)


def guess(cell):
    """The value of a cell by itself, as older releases typed them: a number where it looks like one, else text."""
    if NUMBER.match(cell):
        return int(cell) if cell.lstrip('-').isdigit() else float(cell)
    return cell or None


def parse(text, kind):
    if kind == 'float':
        return float(text)
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if number != int(number):
            raise
        return int(number)


def compile_loop(columns):
    cells = ['c%d' % index for index in range(len(columns))]
    fields = ['%r: %s' % (column['name'], expression(column).format(cell)) for column, cell in zip(columns, cells)]
    if len(cells) == 1:
        # A line of blanks is no record.
        fields = ['**NOTHING[not c0.strip()]'] + fields
    code = LOOP % {'cells': ', '.join(cells), 'fields': ', '.join(fields)}
    scope = {'CsvError': csv.Error, 'guess': guess, 'TRUTH': TRUTH, 'MISSING': MISSING, 'NOTHING': {False: {}}}
    exec(compile(code, __file__, 'exec'), scope)
    return scope['loop']


def expression(column):
    return (EXPRESSION_OF_FULL if column.get('blanks') == 0 else EXPRESSION)[column['type']]


LOOP = '''
def loop(source):
    lines = source.lines
    forget = lines.clear
    reader = source.reader
    undecoded = source.undecoded
    number = 0
    while True:
        forget()
        try:
            for row in reader:
                source.number = number = number + 1
                try:
                    %(cells)s, = row
                    record = {%(fields)s} if not undecoded else source.mend(row)
                except (ValueError, KeyError):
                    record = source.mend(row)
                if record is not None:
                    yield record
                else:
                    number = source.number
                forget()
            return
        except CsvError as error:
            source.refuse_syntax(str(error))
            number = source.number
'''
