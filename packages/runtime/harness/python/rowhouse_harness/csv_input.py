"""A CSV file as dicts, typed by column.

The loop is generated for the columns at hand: unpacking a row checks its width for free and a dict display with constant keys is the
fastest way to build the record. A row that does not fit goes to `mend`, which says why or finds what pandas would have made of it.
"""
import codecs
import csv
import os
import re

from rowhouse_harness.failures import JobFailed

FIELD_CHARACTERS_MAX = 64 * 1024 * 1024
UNDECODED = re.compile('[\udc80-\udcff]')
# What pandas.read_csv takes for a missing value in a column of numbers.
MISSING = frozenset(
    ['', '#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN', '<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan', 'null']
)
TRUTH = {'true': True, 'True': True, 'TRUE': True, 'false': False, 'False': False, 'FALSE': False, '': None}
EXPRESSION = {
    'integer': 'int({0}) if {0} else None',
    'float': 'float({0}) if {0} else None',
    'boolean': 'TRUTH[{0}]',
    'string': '{0} or None',
}


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
        # strict: a quote that is never closed is an error instead of one cell with the rest of the file.
        self.reader = csv.reader(self.tap(), strict=True)
        try:
            header = next(self.reader, None)
        except csv.Error as error:
            raise JobFailed('input', '%s: its header cannot be read: %s' % (self.name, error), line=1) from None
        if header is None:
            return iter(())
        if self.undecoded:
            raise JobFailed('input', '%s is not UTF-8: its header has other bytes. Save it as UTF-8' % self.name, line=1)
        columns = self.columns or [{'name': name, 'type': 'string'} for name in header]
        if len(columns) != len(header):
            raise JobFailed('input', '%s has %d columns, its plan %d' % (self.name, len(header), len(columns)), line=1)
        self.columns = columns
        return self.records()

    def tap(self):
        """Keeps the lines of the record being read: they are what a rejected record is shown as, and they place it in the file."""
        keep = self.lines.append
        for line in self.file:
            keep(line)
            if not line.isascii() and UNDECODED.search(line):
                self.undecoded.append(line)
            yield line

    def records(self):
        loop = compile_loop([column['type'] for column in self.columns], [column['name'] for column in self.columns])
        while True:
            try:
                yield from loop(self)
                return
            except csv.Error as error:
                self.number += 1
                self.refuse_syntax(str(error))

    def refuse_syntax(self, text):
        if 'unexpected end of data' in text:
            text = 'a quote is opened and never closed: the %d lines from here to the end of the file are not read' % len(self.lines)
        elif 'field larger' in text:
            record, line = self.place()
            problem = '%s, line %d: a quote is opened and not closed within %d MiB' % (self.name, line, FIELD_CHARACTERS_MAX >> 20)
            raise JobFailed('input', problem, record, line)
        self.refuse(text)

    def refuse(self, reason):
        self.report.reject('input', 'encoding', self.place(), reason, self.raw())

    def mend(self, row):
        """The record of a row that the generated loop could not take, or None when it was rejected."""
        if not row:
            self.number -= 1
            return None
        if self.undecoded:
            found = UNDECODED.search(self.undecoded[0])
            self.undecoded.clear()
            self.refuse('not UTF-8: byte 0x%02x at character %d of the line' % (ord(found.group()) - 0xDC00, found.start() + 1))
            return None
        try:
            return self.convert(row)
        except BadRow as bad:
            self.refuse(str(bad))
            return None

    def convert(self, row):
        if len(row) != len(self.columns):
            raise BadRow('%d cells where the header has %d' % (len(row), len(self.columns)))
        return {column['name']: typed(cell, column) for cell, column in zip(row, self.columns)}


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
    if kind == 'string':
        return cell or None
    if cell in MISSING:
        return None
    text = cell.strip()
    try:
        if kind == 'boolean':
            return TRUTH[text]
        if kind == 'float':
            return float(text)
        return int(text)
    except (ValueError, KeyError):
        pass
    if kind == 'integer':
        try:
            number = float(text)
            if number.is_integer():
                return int(number)
        except (ValueError, OverflowError):
            pass
    raise BadRow("column '%s': '%s' is not %s" % (column['name'], cell[:100], {'boolean': 'true or false', 'float': 'a number', 'integer': 'a whole number'}[kind]))


def compile_loop(kinds, names):
    cells = ['c%d' % index for index in range(len(names))]
    fields = ['%r: %s' % (name, EXPRESSION[kind].format(cell)) for name, kind, cell in zip(names, kinds, cells)]
    code = LOOP % {'cells': ', '.join(cells), 'fields': ', '.join(fields)}
    scope = {'TRUTH': TRUTH}
    exec(compile(code, __file__, 'exec'), scope)
    return scope['loop']


LOOP = '''
def loop(source):
    lines = source.lines
    forget = lines.clear
    reader = source.reader
    undecoded = source.undecoded
    number = source.number
    forget()
    for row in reader:
        source.number = number = number + 1
        try:
            %(cells)s, = row
            record = {%(fields)s} if not undecoded else source.mend(row)
        except (ValueError, KeyError):
            record = source.mend(row)
        if record is None:
            number = source.number
            forget()
            continue
        yield record
        forget()
'''
