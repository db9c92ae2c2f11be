"""What a monitor has to know about columns, from the extended Avro schema of the model under test."""
import json
import logging

logger = logging.getLogger(__name__)

NUMERICAL_TYPES = ('int', 'long', 'float', 'double')
# Roles that at most one column has.
SINGLE_ROLES = ('score', 'label', 'weight', 'prediction_date')


def extract_input_schema(job_json):
    """The definition of the first input schema: of the reference model, else of the model itself."""
    schemas = input_schemas(job_json)
    if not schemas:
        raise ValueError('the model has no input schema: add an .avsc file as its extended input schema')
    definition = schemas[0].get('schemaDefinition')
    if isinstance(definition, str):
        definition = json.loads(definition)
    return {'fields': definition} if isinstance(definition, list) else definition


def validate_schema(job_json):
    """Raises ValueError when there is no input schema, or one that monitoring cannot use."""
    schemas = input_schemas(job_json)
    if len(schemas) > 1:
        raise ValueError('the model has %d input schemas where monitoring needs one' % len(schemas))
    check_fields(fields_of(extract_input_schema(job_json)))


def set_monitoring_parameters(schema_json, check_schema=True):
    """Columns by their part in monitoring; None or empty where the schema names none."""
    fields = fields_of(schema_json)
    if check_schema:
        check_fields(fields)
    predictors = [field for field in fields if role_of(field) == 'predictor']
    label = with_role(fields, 'label')
    score = with_role(fields, 'score')
    return {
        'score_column': name_of(score),
        'label_column': name_of(label),
        'weight_column': name_of(with_role(fields, 'weight')),
        'date_column': name_of(with_role(fields, 'prediction_date')),
        'numerical_columns': names_of(field for field in predictors if data_class(field) == 'numerical'),
        'categorical_columns': names_of(field for field in predictors if data_class(field) == 'categorical'),
        'predictors': names_of(predictors),
        'identifier_columns': names_of(field for field in fields if role_of(field) == 'identifier'),
        'protected_classes': names_of(field for field in fields if is_true(field.get('protectedClass'))),
        'feature_dataclass': {field['name']: data_class(field) for field in fields},
        'special_values': {field['name']: field['specialValues'] for field in fields if field.get('specialValues')},
        'positive_label': (label or {}).get('positiveClassLabel', (score or {}).get('positiveClassLabel')),
        'output_type': data_class(score) if score else None,
    }


def input_schemas(job_json):
    raw = job_json.get('rawJson', job_json) if isinstance(job_json, dict) else job_json
    job = json.loads(raw) if isinstance(raw, (str, bytes)) else raw
    for model in (job.get('referenceModel'), job.get('model'), job.get('deployableModel')):
        stored = (model or {}).get('storedModel') or {}
        schemas = (stored.get('modelMetaData') or {}).get('inputSchema') or []
        if schemas:
            return schemas
    return []


def fields_of(schema):
    if isinstance(schema, str):
        schema = json.loads(schema)
    if isinstance(schema, list):
        return schema
    if isinstance(schema, dict) and isinstance(schema.get('items'), dict):
        schema = schema['items']
    fields = (schema or {}).get('fields')
    if not fields:
        raise ValueError('the schema has no fields: monitoring needs an Avro record')
    return fields


def check_fields(fields):
    for role in SINGLE_ROLES:
        names = names_of(field for field in fields if role_of(field) == role)
        if len(names) > 1:
            raise ValueError("the schema has several columns with role '%s': %s" % (role, ', '.join(names)))
    for role in ('score', 'label'):
        if with_role(fields, role) is None:
            logger.warning("no column of the schema has role '%s'", role)


def role_of(field):
    return str(field.get('role') or '').lower().replace('-', '_')


def with_role(fields, role):
    return next((field for field in fields if role_of(field) == role), None)


def data_class(field):
    declared = field.get('dataClass')
    if declared:
        return str(declared).lower()
    kind = field.get('type')
    kinds = [one for one in kind if one != 'null'] if isinstance(kind, list) else [kind]
    return 'numerical' if kinds and all(one in NUMERICAL_TYPES for one in kinds) else 'categorical'


def is_true(value):
    return value is True or str(value).lower() == 'true'


def name_of(field):
    return field['name'] if field else None


def names_of(fields):
    return [field['name'] for field in fields]
