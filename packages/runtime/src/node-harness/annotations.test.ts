import { describe, expect, test } from 'vitest'
import { readAnnotations } from './annotations.ts'

describe('which function has which role', () => {
  const bound: [string, string, Record<string, string>][] = [
    ['no blank after the marker', '//modelop.score\nexport function predict() {}', { score: 'predict' }],
    ['a hash as marker', '# modelop.init\nfunction begin() {}', { init: 'begin' }],
    ['any case and CRLF', '// ModelOp.Score\r\nexport async function f() {}\r\n', { score: 'f' }],
    ['lines between', '// modelop.score\n\n/** says */\nexport function* f() {}', { score: 'f' }],
    ['a constant', '// modelop.metrics\nexport const m = (rows) => rows', { metrics: 'm' }],
    ['a default export without name', '// modelop.train\nexport default async () => {}', { train: 'default' }],
    [
      'two roles on one function',
      '// modelop.score\n// modelop.metrics\nfunction both() {}',
      { score: 'both', metrics: 'both' },
    ],
    ['a name in another script', '// modelop.score\nexport function évaluer(d) {}', { score: 'évaluer' }],
    ['a member of exports', '// modelop.score\nexports.predict = (d) => d', { score: 'predict' }],
    ['a member of module.exports', '// modelop.score\nmodule.exports.predict = async (d) => d', { score: 'predict' }],
    ['a method', '// modelop.score\n  async *predict(d) {\n', { score: 'predict' }],
    ['a member that is a function', '// modelop.score\n  predict: (d) => d,\n', { score: 'predict' }],
    ['a byte order mark', '\uFEFF// modelop.score\nfunction f() {}', { score: 'f' }],
    ['training is train', '// modelop.training\nfunction t() {}', { train: 't' }],
    ['the first one wins', '// modelop.score\nfunction a() {}\n// modelop.score\nfunction b() {}', { score: 'a' }],
    ['commented out', '// // modelop.score\nfunction a() {}', {}],
    ['not at the start of the line', '  // modelop.score\nfunction a() {}', {}],
    ['text behind the tag', '// modelop.score is nice\nfunction a() {}', {}],
    ['the old prefix has no roles', '// fastscore.score\nfunction a() {}', {}],
  ]
  test.each(bound)('%s', (_title, source, functions) => {
    expect(readAnnotations(source).functions).toEqual(functions)
  })
})

test('a slot’s own recordset setting wins over those for all', () => {
  const { isRecordset } = readAnnotations('// modelop.recordsets.$all: yes\n//fastscore.recordsets.2:false\n')
  expect([0, 1, 2, 3].map(isRecordset)).toEqual([true, true, false, true])
  expect([0, 1].map(readAnnotations('// fastscore.recordsets: both').isRecordset)).toEqual([true, true])
  expect([0, 1].map(readAnnotations('').isRecordset)).toEqual([false, false])
})
