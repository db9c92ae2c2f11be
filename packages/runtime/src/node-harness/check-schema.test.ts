import { describe, expect, test } from 'vitest'
import { makeSchemaCheck } from './check-schema.ts'

const record = (fields: unknown[]) => ({ type: 'record', name: 'r', fields })

describe('a value against an Avro schema', () => {
  const cases: [string, unknown, unknown, string | null][] = [
    ['an int passes for a double', record([{ name: 'x', type: 'double' }]), { x: 1 }, null],
    ['a double does not pass for an int', record([{ name: 'x', type: 'int' }]), { x: 1.5 }, "Field 'x' is not an int"],
    ['extra fields pass', record([{ name: 'x', type: 'int' }]), { x: 1, y: 2 }, null],
    ['a missing field', record([{ name: 'x', type: 'int' }]), { y: 2 }, "Field 'x' missing"],
    ['a missing field with a default', record([{ name: 'x', type: 'int', default: 0 }]), {}, null],
    ['null where a union has it', record([{ name: 'x', type: ['null', 'int'] }]), { x: null }, null],
    ['null where it may not be', record([{ name: 'x', type: 'int' }]), { x: null }, "Field 'x' is not an int"],
    [
      'a union names its own type',
      record([{ name: 'x', type: ['null', 'int'] }]),
      { x: 'a' },
      "Field 'x' is not an int",
    ],
    ['a great whole number, which is text here, for a long', 'long', '9007199254740993', null],
    ['or for a double', 'double', '-9007199254740993', null],
    ['not for an int', 'int', '9007199254740993', 'The record is not an int'],
    ['one beyond 64 bits', 'long', '9223372036854775808', 'The record is not a long'],
    ['other text for a long', 'long', '12', 'The record is not a long'],
    ['the last int', 'int', 2 ** 31 - 1, null],
    ['one beyond it', 'int', 2 ** 31, 'The record is not an int'],
    ['the wrong shape', record([]), [1], 'The record is not an object'],
    [
      'an array of records',
      { type: 'array', items: record([{ name: 'x', type: 'int' }]) },
      [{ x: 1 }, {}],
      "Field '[1].x' missing",
    ],
    ['a map', { type: 'map', values: 'int' }, { a: 1, b: 'c' }, "Field 'b' is not an int"],
    ['an enum', { type: 'enum', name: 'e', symbols: ['A', 'B'] }, 'C', 'The record is not one of A, B'],
    ['a bare primitive', 'double', 'x', 'The record is not a number'],
    ['a type in an object', { type: 'string' }, 'x', null],
    ['a logical type', record([{ name: 'd', type: { type: 'int', logicalType: 'date' } }]), { d: 3 }, null],
    ['a bare list of fields', [{ name: 'x', type: 'int' }], {}, "Field 'x' missing"],
    [
      'nested records',
      record([{ name: 'a', type: record([{ name: 'b', type: 'boolean' }]) }]),
      { a: { b: 1 } },
      "Field 'a.b' is not a boolean",
    ],
    [
      'a type that holds itself',
      { type: 'record', name: 'node', fields: [{ name: 'next', type: ['null', 'node'] }] },
      { next: { next: { next: 5 } } },
      "Field 'next.next.next' is not an object",
    ],
    [
      'a type used again by its name',
      record([
        { name: 'a', type: { type: 'enum', name: 'e', symbols: ['A', 'B'] } },
        { name: 'b', type: ['null', 'e'] },
      ]),
      { a: 'A', b: 'C' },
      "Field 'b' is not one of A, B",
    ],
    [
      'by its name in full',
      {
        type: 'record',
        name: 'r',
        namespace: 'bank.cards',
        fields: [
          { name: 'a', type: { type: 'record', name: 'T', fields: [{ name: 'v', type: 'int' }] } },
          { name: 'b', type: 'bank.cards.T' },
        ],
      },
      { a: { v: 1 }, b: { v: 'x' } },
      "Field 'b.v' is not an int",
    ],
    [
      'what an array holds, told in the field itself',
      record([{ name: 'l', type: 'array', items: 'int' }]),
      { l: [1, 'x'] },
      "Field 'l[1]' is not an int",
    ],
    ['a word that does not say of what', record([{ name: 'l', type: ['null', 'array'] }]), { l: [1] }, null],
    ['an unknown type', { type: 'mystery' }, 1, null],
  ]
  test.each(cases)('%s', (_title, schema, value, problem) => {
    expect(makeSchemaCheck(schema)?.(value)).toBe(problem)
  })

  test('no schema checks nothing', () => {
    expect(makeSchemaCheck(null)).toBeNull()
  })
})
