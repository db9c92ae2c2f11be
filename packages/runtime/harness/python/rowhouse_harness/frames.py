"""Inputs as pandas DataFrames: whole for metrics and train, in batches for score where recordsets are on.

pandas is the model's own dependency: it is imported here only, and its absence says what to put into requirements.txt.
"""
from itertools import islice

from rowhouse_harness.failures import JobFailed, describe


def need_pandas(phase, why):
    try:
        import pandas
    except ImportError as error:
        hint = 'put a line `pandas` into the requirements.txt of the model'
        raise JobFailed(phase, '%s, and pandas cannot be imported (%s): %s' % (why, error, hint)) from None
    return pandas


def whole_frame(stream, plan, phase, report):
    """One frame with all rows, typed by the schema, else by pandas itself. A JSON array is flattened to its rows; nested values stay Python objects."""
    pandas = need_pandas(phase, '%s gets one DataFrame for each input' % phase)
    if plan['format'] == 'CSV':
        return read_csv(pandas, stream, plan)
    return pandas.DataFrame(list(rows_alike(stream, stream, report)))


def read_csv(pandas, stream, plan):
    columns = (plan['columns'] or ()) if plan.get('typing') != 'cells' else ()
    # Where no schema says so they are text for pandas as well.
    texts = {column['name']: str for column in columns if column['type'] == 'string' and column['name']}
    try:
        frame = pandas.read_csv(plan['path'], encoding='utf-8', low_memory=False, dtype=texts)
        fits = isinstance(frame.index, pandas.RangeIndex)
    except pandas.errors.EmptyDataError:
        frame, fits = pandas.DataFrame(), True
    except pandas.errors.ParserError:
        fits = False
    except (ValueError, OSError) as error:
        raise JobFailed('input', '%s cannot be read: %s' % (stream.name, describe(error))) from None
    if not fits:
        # Some row has more cells than the header: pandas stops at it or shifts the columns. Ours rejects that row and goes on.
        rows = list(stream)
        return columns_frame(pandas, rows, stream.columns)
    names = [column['name'] for column in plan['columns'] or ()]
    if len(names) == len(frame.columns):
        # An empty column name stays empty, as it is for records.
        frame.columns = [name if str(got).startswith('Unnamed: ') else got for name, got in zip(names, frame.columns)]
        # Whole numbers in a column that the schema has as one of floats.
        floats = [column['name'] for column, kind in zip(columns, frame.dtypes) if column['type'] == 'float' and kind.kind in 'iu']
        frame = frame.astype(dict.fromkeys(floats, 'float64')) if floats else frame
    stream.number = len(frame)
    stream.file.seek(0, 2)
    return frame


def batches(stream, plan, rows, check, report):
    """Frames of at most `rows` records in input order; None: one frame. CSV columns have the plan's types in every batch."""
    pandas = need_pandas('score', 'recordsets are on for slot %d' % stream.slot)
    values = iter(stream) if check is None else passing(stream, check, report)
    if plan['format'] != 'CSV':
        values = rows_alike(values, stream, report)
    while True:
        batch = list(islice(values, rows))
        if not batch:
            return
        yield columns_frame(pandas, batch, stream.columns) if plan['format'] == 'CSV' else values_frame(pandas, batch)


def passing(stream, check, report):
    for value in stream:
        problem = check(value)
        if problem is None:
            yield value
        else:
            report.reject('input', 'schema', stream.place(), problem, stream.raw())


def rows_alike(values, stream, report):
    """JSON values as rows; an array of objects is one row for each. All have to be like the first: no frame holds objects beside numbers."""
    kind = None
    nulls = []
    for value in values:
        if value is None and kind is None:
            nulls.append((stream.place(), stream.raw()))
            continue
        is_rows = isinstance(value, list) and all(isinstance(item, dict) for item in value) and (value or kind != 'an array')
        for row in value if is_rows else [value]:
            if kind is None:
                kind = kind_of(row)
                yield from leading_nulls(kind, nulls, report)
            if kind_of(row) == kind:
                yield row
            else:
                refuse_unlike(kind, stream.place(), stream.raw(), report)
    if kind is None:
        yield from [None] * len(nulls)


def kind_of(value):
    return 'an object' if isinstance(value, dict) else 'an array' if isinstance(value, list) else 'a scalar'


def leading_nulls(kind, nulls, report):
    """They are scalars where the others are."""
    for place, raw in nulls:
        if kind == 'a scalar':
            yield None
        else:
            refuse_unlike(kind, place, raw, report)


def refuse_unlike(kind, place, raw, report):
    report.reject('input', 'encoding', place, 'not %s, as other records are: no frame holds both' % kind, raw)


def columns_frame(pandas, batch, columns):
    data = {}
    for column in columns:
        name = column['name']
        cells = [record[name] for record in batch]
        data[name] = series(pandas, cells, column['type'])
    return pandas.DataFrame(data, columns=[column['name'] for column in columns])


def series(pandas, cells, kind):
    """As read_csv would have it: a blank makes an integer column float and a boolean one object."""
    if kind == 'cell':
        return pandas.Series(cells, dtype='object')
    if kind == 'float' or (kind == 'integer' and None in cells):
        try:
            return pandas.Series(cells, dtype='float64')
        except ValueError:
            # A schema says number, and some cell is text.
            return pandas.Series(cells, dtype='object')
    if kind in ('integer', 'boolean') and None not in cells:
        return pandas.Series(cells)
    return pandas.Series(cells, dtype='str' if kind == 'string' and pandas.__version__ >= '3' else 'object')


def values_frame(pandas, batch):
    """Objects: a frame; arrays: a matrix; scalars: a series."""
    first = batch[0]
    if isinstance(first, dict):
        return pandas.DataFrame(batch)
    return matrix(batch) if isinstance(first, list) else pandas.Series(batch)


def matrix(batch):
    """Numbers beside texts stay numbers; rows of different lengths are an array of lists."""
    import numpy

    try:
        made = numpy.array(batch)
    except ValueError:
        return numpy.array(batch, dtype=object)
    if made.dtype.kind != 'U':
        return made
    values = numpy.array(batch, dtype=object)
    return made if all(isinstance(value, str) for value in values.flat) else values


def rows_of(value, known, lists=True):
    """The records in an output of a recordset function; a list is one record unless the output is a recordset too (`lists`).

    A blank that came with an input column (`known`) leaves as null. NaN in a column that the model made is no value: it is rejected.
    """
    if is_frame(value):
        columns = list(value.columns)
        has_nulls = [column in known or holds_text(dtype) for column, dtype in zip(columns, value.dtypes)]
        for row in value.itertuples(index=False, name=None):
            yield {column: None if nulls and is_missing(cell) else cell for column, nulls, cell in zip(columns, has_nulls, row)}
    elif type(value).__module__.partition('.')[0] in ('pandas', 'numpy') and hasattr(value, 'tolist'):
        inner = items_of(value)
        yield from inner if isinstance(inner, list) else [inner]
    elif isinstance(value, list) and lists:
        yield from value
    else:
        yield value


def items_of(value):
    """Of a series, an index or an array."""
    inner = value.tolist()
    if isinstance(inner, list) and holds_text(getattr(value, 'dtype', None)):
        return [None if is_missing(item) else item for item in inner]
    return inner


def holds_text(dtype):
    """pandas keeps a missing text as NaN, also where the model wrote None: it is no number that went wrong."""
    name = getattr(dtype, 'name', None)
    return dtype.categories.dtype.kind == 'O' if name == 'category' else name in ('str', 'string')


def is_frame(value):
    return type(value).__module__.partition('.')[0] == 'pandas' and hasattr(value, 'columns') and hasattr(value, 'itertuples')


def is_missing(cell):
    return cell is None or (isinstance(cell, float) and cell != cell) or type(cell).__name__ in ('NAType', 'NaTType')
