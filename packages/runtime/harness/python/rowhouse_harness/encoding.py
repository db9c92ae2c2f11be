"""A model's value as JSON. Numpy and pandas values are written as what they hold, pandas' NA as null; NaN and infinity are not JSON and never null."""
import json

from rowhouse_harness.failures import describe

encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode
DEPTH_MAX = 200


class NotEncodable(Exception):
    """The reason, with the path to the value that is at fault."""


def to_json(value):
    """One line of JSON as bytes. The plain encoder does nearly all; what it refuses is looked at value by value."""
    try:
        return encode(value).encode('utf-8')
    except UnicodeEncodeError as error:
        raise NotEncodable(half_character(error)) from None
    except Exception:
        text = to_text(to_plain(value))
    try:
        return text.encode('utf-8')
    except UnicodeEncodeError as error:
        raise NotEncodable(half_character(error)) from None


def to_text(plain):
    """JSON of what `to_plain` gave."""
    try:
        return encode(plain)
    except Exception as error:
        raise NotEncodable(problem_of(error)) from None


def problem_of(error):
    """Why a value has no form in a file, in words: also for what its own class, or Python, refuses."""
    return half_character(error) if isinstance(error, UnicodeEncodeError) else 'the value cannot be written: %s' % describe(error)


def half_character(error):
    return 'the text holds U+%04X, half of a character, which UTF-8 cannot write' % ord(error.object[error.start])


def to_plain(value):
    """dict, list, str, int, float, bool or None; raises NotEncodable."""
    try:
        return plain_of(value, '', 0)
    except NotEncodable:
        raise
    except Exception as error:
        raise NotEncodable(problem_of(error)) from None


def plain_of(value, path, depth):
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, float):
        return finite(float(value), path)
    if depth > DEPTH_MAX:
        raise NotEncodable('%s is nested more than %d deep, or holds itself' % (path or 'the value', DEPTH_MAX))
    if isinstance(value, dict):
        return {to_key(key, path): plain_of(item, '%s.%s' % (path, key) if path else str(key), depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_of(item, '%s[%d]' % (path, index), depth + 1) for index, item in enumerate(value)]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    return plain_of(unwrap(value, path), path, depth + 1)


def unwrap(value, path):
    """The Python value inside a numpy or pandas one."""
    package = type(value).__module__.partition('.')[0]
    if package == 'numpy' and hasattr(value, 'tolist'):
        inner = value.tolist()
        if type(inner) is not type(value):
            return inner
        if value.dtype.kind == 'f':
            # A long double: Python has no number that is wider than its own.
            return float(value)
    if package == 'pandas':
        from rowhouse_harness.frames import is_frame, items_of, rows_of

        if is_frame(value):
            return list(rows_of(value, ()))
        if hasattr(value, 'tolist'):
            return items_of(value)
        if type(value).__name__ == 'NAType':
            return None
    raise NotEncodable('%s is of type %s, which JSON has no form for' % (path or 'the value', type_name(value)))


def type_name(value):
    kind = type(value)
    return kind.__qualname__ if kind.__module__ in ('builtins', 'model') else '%s.%s' % (kind.__module__, kind.__qualname__)


def finite(number, path):
    if number - number == 0:
        return number
    name = 'NaN' if number != number else ('Infinity' if number > 0 else '-Infinity')
    raise NotEncodable('%s is %s, which JSON has no form for' % (path or 'the value', name))


def to_key(key, path):
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool):
        return {None: 'null', True: 'true', False: 'false'}[key]
    if isinstance(key, int):
        return str(int(key))
    if isinstance(key, float):
        return repr(finite(float(key), path))
    inner = unwrap(key, path)
    if isinstance(inner, (dict, list, tuple)):
        raise NotEncodable('a key of %s is of type %s, which JSON has no form for' % (path or 'the value', type_name(key)))
    return to_key(inner, path)
