import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findJsonMistake } from './json-error.ts'

test.each([
  ['{"a": bad}', 1, 7, 'found "bad}" where a value is expected'],
  ['{\n  "a": 1,\n}', 3, 1, 'found "}" where a name in double quotes is expected'],
  ['{"a": 1', 1, 8, "the text ends where ',' or the end of the object or array is expected"],
  ["{'a': 1}", 1, 2, `found "'a': 1}" where a name in double quotes or '}' is expected`],
  ['{"a" 1}', 1, 6, `found "1}" where ':' is expected`],
  ['[1 2]', 1, 4, `found "2]" where ',' or the end of the object or array is expected`],
  ['{"a": "x\n"}', 1, 7, 'found "\\"x" where a value is expected'],
  ['{} {}', 1, 4, 'found "{}" where nothing more is expected'],
  ['01', 1, 1, 'found "01" where a value is expected'],
  ['[}', 1, 2, `found "}" where a value or ']' is expected`],
])('the mistake in %j is at line %i, column %i', (text, line, column, what) => {
  expect(findJsonMistake(text)).toEqual({ line, column, what })
})

test('what JSON.parse takes has no mistake, and what it refuses has one', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 2 }), (json, at, inserted) => {
      const text = json.slice(0, at % (json.length + 1)) + inserted + json.slice(at % (json.length + 1))
      let valid = true
      try {
        JSON.parse(text)
      } catch {
        valid = false
      }
      expect(findJsonMistake(text) === null).toBe(valid)
    }),
  )
})
