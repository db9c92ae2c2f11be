"""A JSON file as records: one value a line, one array, or one document over many lines.

- Lines: each line is a record, blank lines are skipped, a line that is no JSON is rejected and the next one goes on.
- The whole file is one line with an array: one record (a list) for score, rows for metrics and train.
- The first line alone is not JSON, but the file is: an array gives rows, anything else is one record.
`arrayInput` of the plan (record, rows) decides for arrays that are the whole file.
"""
import codecs
import json
import os
from io import open

from rowhouse_harness.failures import JobFailed

BLOCK_BYTES = 1 << 20
# A document other than an array is one record and has to be held whole; above this size a broken first line is the likelier story.
DOCUMENT_BYTES_MAX = 256 << 20
NOT_JSON = (ValueError, RecursionError)
# How the first line of a pretty-printed array ends; a line that ends otherwise is more likely a broken record.
BREAKS = (b'[', b'{', b',', b':')
BLANKS = ' \t\r\n'


def refuse_constant(name):
    raise ValueError('%s is not JSON' % name)


slow_decoder = json.JSONDecoder(parse_constant=refuse_constant)

try:
    from orjson import loads as fast_loads
except Exception:
    fast_loads = None


# orjson takes a whole number that 64 bits cannot hold for a float; the standard library keeps its digits.
TO_ZERO = bytes.maketrans(b'123456789', b'000000000')
TOO_LONG = b'0' * 20


def parse_line(line):
    """A line of bytes; raises ValueError, in the words of the standard library whatever reads."""
    if fast_loads is not None and TOO_LONG not in line.translate(TO_ZERO):
        try:
            return fast_loads(line)
        except ValueError:
            pass
    return slow_decoder.decode(line.decode('utf-8'))


class JsonInput:
    def __init__(self, plan, report, arrays):
        """`arrays` (record or rows) is what an array that is the whole file means where the plan does not say."""
        self.slot = plan['slot']
        self.name = plan['name']
        self.path = plan['path']
        self.array_input = plan.get('arrayInput')
        self.arrays = arrays
        self.report = report
        self.number = 0
        self.line = 0
        self.text = b''
        self.columns = None
        try:
            self.file = open(self.path, 'rb')
        except OSError as error:
            raise JobFailed('input', '%s cannot be read: %s' % (self.name, error.strerror)) from None

    def bytes_read(self):
        try:
            return self.file.raw.tell()
        except ValueError:
            return os.path.getsize(self.path)

    def place(self):
        return self.number, self.line

    def raw(self):
        text = self.text if isinstance(self.text, bytes) else b''
        return text.decode('utf-8', 'backslashreplace').strip()

    def __iter__(self):
        if self.file.read(3) != codecs.BOM_UTF8:
            self.file.seek(0)
        start = self.file.tell()
        first = self.first_line()
        if first is None:
            return iter(())
        try:
            value = parse_line(first)
        except NOT_JSON:
            self.file.seek(start)
            return self.document_or_lines(first, start)
        if isinstance(value, list) and not self.more_lines():
            self.number, self.text = 0, first
            return self.of_array(value)
        self.file.seek(start)
        return self.lines()

    def first_line(self):
        for line in self.file:
            if line.strip():
                return line.strip()
        return None

    def more_lines(self):
        return any(line.strip() for line in self.file)

    def of_array(self, array):
        self.line = 1
        as_rows = (self.array_input or self.arrays) == 'rows'
        for value in array if as_rows else [array]:
            self.number += 1
            yield value

    def lines(self):
        self.line = 0
        for line in self.file:
            self.line += 1
            self.text = line
            try:
                value = parse_line(line)
            except NOT_JSON as error:
                if not line.strip():
                    continue
                self.number += 1
                self.report.reject('input', 'encoding', self.place(), 'not JSON: %s' % explain(error), self.raw())
                continue
            self.number += 1
            yield value

    def document_or_lines(self, first, start):
        if not first.startswith((b'{', b'[')):
            return self.lines()
        if first.startswith(b'[') and first.endswith(BREAKS) and self.array_input != 'record':
            return self.rows_of_array(start)
        if os.path.getsize(self.path) <= DOCUMENT_BYTES_MAX:
            try:
                value = parse_line(self.file.read())
            except NOT_JSON:
                self.file.seek(start)
            else:
                return self.of_document(value)
        return self.lines()

    def of_document(self, value):
        self.line = 1
        as_rows = isinstance(value, list) and self.array_input != 'record'
        for row in value if as_rows else [value]:
            self.number += 1
            yield row

    def rows_of_array(self, start):
        """The elements of an array over many lines, a block at a time: memory does not grow with the file."""
        rows = ArrayRows(self.file)
        while True:
            try:
                value = rows.next()
            except StopIteration:
                return
            except UnicodeDecodeError:
                problem = '%s is not UTF-8, at line %d or soon after it; save the file as UTF-8' % (self.name, rows.line)
                raise JobFailed('input', problem, self.number or None, rows.line) from None
            except NOT_JSON as error:
                if self.number == 0:
                    # Not one element was found: it was no array after all, but a bad first line.
                    self.file.seek(start)
                    yield from self.lines()
                    return
                problem = '%s: its array breaks after record %d (line %d): %s' % (self.name, self.number, rows.line, explain(error))
                raise JobFailed('input', problem, self.number, rows.line) from None
            self.number += 1
            self.line = rows.begun
            self.text = rows.raw
            yield value


class ArrayRows:
    def __init__(self, file):
        self.decoder = codecs.getincrementaldecoder('utf-8')()
        self.file = file
        self.text = ''
        self.at = 0
        self.line = 1
        # Where the value given last begins.
        self.begun = 1
        self.raw = b''
        self.ended = False
        self.opened = False

    def read(self, least=BLOCK_BYTES):
        block = self.file.read(least)
        self.ended = not block
        self.text = self.text[self.at:] + self.decoder.decode(block, final=self.ended)
        self.at = 0

    def peek(self):
        """The next character that is not blank, or ''."""
        while True:
            while self.at < len(self.text):
                character = self.text[self.at]
                if character not in BLANKS:
                    return character
                self.line += character == '\n'
                self.at += 1
            if self.ended:
                return ''
            self.read()

    def next(self):
        if not self.opened:
            self.expect('[')
        if self.peek() == ']':
            self.at += 1
            if self.peek():
                raise ValueError('text after the end of the array')
            raise StopIteration
        if self.opened:
            self.expect(',')
        self.opened = True
        self.peek()
        self.begun = self.line
        value, end = self.value()
        raw = self.text[self.at:end]
        self.raw = raw.encode('utf-8', 'backslashreplace')
        self.line += raw.count('\n')
        self.at = end
        return value

    def expect(self, character):
        found = self.peek()
        if found != character:
            raise ValueError("'%s' expected, '%s' found" % (character, found or 'end of file'))
        self.at += 1

    def value(self):
        least = BLOCK_BYTES
        while True:
            try:
                value, end = slow_decoder.raw_decode(self.text, self.at)
                # A number at the end of the block may go on in the next one.
                if end < len(self.text) or self.ended:
                    return value, end
            except json.JSONDecodeError:
                if self.ended:
                    raise
            self.read(least)
            least *= 2


class TextInput:
    """The whole file is one record."""

    def __init__(self, plan, report):
        self.slot = plan['slot']
        self.name = plan['name']
        self.path = plan['path']
        self.report = report
        self.number = 0
        self.columns = None
        self.size = 0

    def bytes_read(self):
        return self.size

    def place(self):
        return self.number, 1

    def raw(self):
        return None

    def __iter__(self):
        try:
            with open(self.path, 'rb') as file:
                content = file.read()
        except OSError as error:
            raise JobFailed('input', '%s cannot be read: %s' % (self.name, error.strerror)) from None
        self.number, self.size = 1, len(content)
        try:
            yield content.decode('utf-8-sig')
        except UnicodeDecodeError as error:
            self.report.reject('input', 'encoding', self.place(), 'not UTF-8: byte 0x%02x at offset %d' % (content[error.start], error.start))


def explain(error):
    if isinstance(error, json.JSONDecodeError):
        return '%s at character %d' % (error.msg, error.colno)
    if isinstance(error, UnicodeDecodeError):
        return 'not UTF-8: byte 0x%02x at byte %d' % (error.object[error.start], error.start + 1)
    return str(error)
