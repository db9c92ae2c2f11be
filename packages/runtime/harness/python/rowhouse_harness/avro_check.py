"""Whether a value is as an Avro schema says. What the value holds never gets into a message: it is masked.

An integer passes for float and double; a field that is missing without a default, or has another shape, does not pass; further fields do.
A schema may also be a bare array of fields (two public models have one).
"""
MASK = '**********'
COMPLEX = ('record', 'error', 'array', 'map', 'enum', 'fixed')
INT_MAX = 2 ** 31
LONG_MAX = 2 ** 63


def make_check(schema):
    """A function from a value to None or what is wrong with it; None where there is no schema."""
    if schema is None or schema == '' or schema == {}:
        return None
    if isinstance(schema, list) and schema and all(isinstance(field, dict) and 'name' in field and 'type' in field for field in schema):
        schema = {'type': 'record', 'name': 'record', 'fields': schema}
    names = {}
    learn_names(schema, names)

    def check(value):
        return find_problem(value, schema, names, '')

    return check


def learn_names(schema, names):
    if isinstance(schema, list):
        for branch in schema:
            learn_names(branch, names)
    elif isinstance(schema, dict):
        if isinstance(schema.get('name'), str) and schema.get('type') in ('record', 'error', 'enum', 'fixed'):
            names[schema['name']] = schema
            names[schema['name'].rpartition('.')[2]] = schema
            if schema.get('namespace'):
                names['%s.%s' % (schema['namespace'], schema['name'])] = schema
        for field in schema.get('fields') or ():
            learn_names(type_of(field) if isinstance(field, dict) else None, names)
        for part in ('type', 'items', 'values'):
            if isinstance(schema.get(part), (dict, list)):
                learn_names(schema[part], names)


def find_problem(value, schema, names, path):
    if isinstance(schema, list):
        if any(find_problem(value, branch, names, path) is None for branch in schema):
            return None
        return wrong(path, 'one of %s' % ', '.join(map(name_of, schema)))
    kind = schema.get('type') if isinstance(schema, dict) else schema
    if isinstance(kind, (dict, list)):
        return find_problem(value, kind, names, path)
    if not isinstance(schema, dict) and kind in COMPLEX:
        # The word alone does not say of what.
        return None
    if kind in ('record', 'error'):
        return find_problem_in_record(value, schema, names, path)
    if kind == 'array':
        return find_problem_in_items(value, list, schema.get('items'), names, path)
    if kind == 'map':
        return find_problem_in_items(value, dict, schema.get('values'), names, path)
    if kind == 'enum':
        return None if value in (schema.get('symbols') or ()) and isinstance(value, str) else wrong(path, 'one of the symbols of %s' % schema.get('name'))
    test = PRIMITIVES.get(kind)
    if test is not None:
        return None if test(value) else wrong(path, kind)
    if kind in names:
        return find_problem(value, names[kind], names, path)
    return None


def find_problem_in_record(value, schema, names, path):
    if not isinstance(value, dict):
        return wrong(path, 'a record')
    for field in schema.get('fields') or ():
        name = field.get('name')
        place = '%s.%s' % (path, name) if path else str(name)
        if name not in value:
            if 'default' in field:
                continue
            return "Field '%s' missing in %s" % (place, MASK)
        problem = find_problem(value[name], type_of(field), names, place)
        if problem is not None:
            return problem
    return None


def type_of(field):
    """Hand-written schemas often have `"type": "array", "items": …` in the field itself."""
    kind = field.get('type')
    return field if isinstance(kind, str) and kind in COMPLEX else kind


def find_problem_in_items(value, container, items, names, path):
    if not isinstance(value, container):
        return wrong(path, 'an array' if container is list else 'a map')
    for key, item in enumerate(value) if container is list else value.items():
        problem = find_problem(item, items, names, '%s[%s]' % (path, key if container is list else MASK))
        if problem is not None:
            return problem
    return None


def wrong(path, expected):
    subject = "Field '%s'" % path if path else 'The value'
    return '%s is not %s: %s' % (subject, expected, MASK)


def name_of(schema):
    if isinstance(schema, dict):
        return str(schema.get('name') or schema.get('type'))
    return str(schema)


def is_whole(value, limit):
    return isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


PRIMITIVES = {
    'null': lambda value: value is None,
    'boolean': lambda value: isinstance(value, bool),
    'int': lambda value: is_whole(value, INT_MAX),
    'long': lambda value: is_whole(value, LONG_MAX),
    'float': is_number,
    'double': is_number,
    'string': lambda value: isinstance(value, str),
    'bytes': lambda value: isinstance(value, str),
    'fixed': lambda value: isinstance(value, str),
}
