import { describe, expect, it } from 'vitest'
import { inferValue, parseValue, parseVariables, toWireValue } from './camunda-values.ts'

describe('variables that are none', () => {
  it.each([
    ['x', /^Variables must be an object: \{"NAME": \{"value": …\}, …\}$/],
    [[], /^Variables must be an object/],
    [{ TAG: 'x' }, /^Variable 'TAG' is not an object: write "TAG": \{"value": …\}/],
    [{ TAG: ['x'] }, /^Variable 'TAG' is not an object/],
  ])('%j is refused with the way to write it', (map, message) => {
    expect(() => parseVariables(map as never)).toThrow(message)
  })
})

describe('a variable without a type', () => {
  it.each([
    ['text', 'String'],
    [true, 'Boolean'],
    [5, 'Integer'],
    [-(2 ** 31), 'Integer'],
    [2 ** 31, 'Long'],
    [-(2 ** 31) - 1, 'Long'],
    [1.5, 'Double'],
    [null, 'Null'],
    [{ assetType: 'EXTERNAL_FILE' }, 'Object'],
    [[1, 2], 'Object'],
  ])('%j is a %s', (value, type) => {
    expect(parseValue({ value })).toMatchObject({ type, value })
  })

  it('that is a JSON object comes back as a JSON object, or as text for who asks', () => {
    const typed = inferValue({ a: [1] })
    expect(toWireValue(typed)).toEqual({
      type: 'Object',
      value: { a: [1] },
      valueInfo: {
        objectTypeName: 'java.util.LinkedHashMap<java.lang.Object,java.lang.Object>',
        serializationDataFormat: 'application/json',
      },
    })
    expect(toWireValue(typed, { deserialize: false }).value).toBe('{"a":[1]}')
  })
})

describe('a variable with a type', () => {
  it.each([
    ['5', 'Integer', 5],
    ['7', 'short', 7],
    [3, 'Long', 3],
    ['2.5', 'Double', 2.5],
    ['NaN', 'Double', 'NaN'],
    ['1e400', 'Double', 'Infinity'],
    ['.5', 'Double', 0.5],
    ['9007199254740993', 'Long', '9007199254740993'],
    ['+9', 'Long', 9],
    [null, 'Json', null],
    ['true', 'Boolean', true],
    [5, 'String', '5'],
    ['2024-01-02T03:04:05.678+0100', 'Date', '2024-01-02T02:04:05.678Z'],
    ['{"a":1}', 'Json', { a: 1 }],
    ['aGk=', 'Bytes', 'aGk='],
    [null, 'Integer', null],
  ])('%j as %s is %j', (value, type, expected) => {
    expect(parseValue({ value, type }).value).toEqual(expected)
  })

  it.each([
    ['x', 'Integer', "Cannot convert value 'x' of type 'Integer' to java type java.lang.Integer"],
    [1.5, 'Integer', "Cannot convert value '1.5' of type 'Integer'"],
    [99999, 'Short', "Cannot convert value '99999' of type 'Short' to java type java.lang.Short"],
    ['yesterday', 'Date', "Cannot convert value 'yesterday' of type 'Date' to java type java.util.Date"],
    ['maybe', 'Boolean', "Cannot convert value 'maybe' of type 'Boolean'"],
    [{}, 'String', "Cannot convert value '{}' of type 'String'"],
    ['x', 'Foo', "Unsupported value type 'Foo'"],
    ['x', 5, "Unsupported value type '5'"],
    ['0x10', 'Double', "Cannot convert value '0x10' of type 'Double'"],
    ['9223372036854775808', 'Long', "Cannot convert value '9223372036854775808' of type 'Long'"],
    [{}, 'Object', "Must provide 'null' or String value for value of SerializableValue type 'Object'."],
    ['{', 'Json', 'The value is no JSON text'],
    ['a\u0000b', undefined, 'U+0000'],
    [{ a: ['\u0000'] }, undefined, 'U+0000'],
    ['{"a":"\\u0000"}', 'Json', 'U+0000'],
    ['\ud83d', undefined, 'The value holds half a surrogate pair, which cannot be stored'],
    [{ '\ude00': 1 }, undefined, 'half a surrogate pair'],
  ])('%j as %s is refused', (value, type, message) => {
    const body = type === undefined ? { value } : { value, type }
    expect(() => parseValue(body as never)).toThrow(message)
  })

  it('a long run of digits that ends as text is refused at once', () => {
    expect(() => parseValue({ value: `${'1'.repeat(300_000)}x`, type: 'Double' })).toThrow('Cannot convert')
  })

  it('a backslash before u0000 is text, not the character', () => {
    expect(parseValue({ value: { a: '\\u0000' } }).value).toEqual({ a: '\\u0000' })
  })

  it('the message begins with what the caller was about to do', () => {
    const map = { LIMIT: { value: 'x', type: 'Integer' } }
    expect(() => parseVariables(map, (name) => `variable '${name}': `)).toThrow("variable 'LIMIT': Cannot convert")
  })

  it('may be transient', () => {
    expect(parseValue({ value: 'x', valueInfo: { transient: true } })).toEqual({
      type: 'String',
      value: 'x',
      transient: true,
    })
  })
})

describe('a value on the wire', () => {
  it('of a date has Camunda’s form, of a file no content, of bytes none in lists', () => {
    expect(toWireValue({ type: 'Date', value: '2024-01-02T03:04:05.678Z' }).value).toBe('2024-01-02T03:04:05.678+0000')
    const valueInfo = { filename: 'a.txt' }
    expect(toWireValue({ type: 'File', value: 'aGk=', valueInfo })).toEqual({ type: 'File', value: null, valueInfo })
    expect(toWireValue({ type: 'Bytes', value: 'aGk=' }).value).toBe('aGk=')
    expect(toWireValue({ type: 'Bytes', value: 'aGk=' }, { omitBytes: true }).value).toBeNull()
    expect(toWireValue({ type: 'Json', value: { a: 1 } }).value).toBe('{"a":1}')
  })
})
