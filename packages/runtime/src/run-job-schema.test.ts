import { expect, it } from 'vitest'
import { resolveSchema, schemaAnnotations } from './run-job-schema.ts'

it('schema annotations are found by slot, in both comment styles, and not when commented out', () => {
  const source = [
    '# modelop.schema.0: input_schema.avsc',
    '#fastscore.schema.1:out\r',
    '// modelop.schema.$in: all_in',
    '# # modelop.schema.2: no',
    'x = 1  # modelop.schema.4: no',
  ].join('\n')
  expect([...schemaAnnotations(source)]).toEqual([
    ['0', 'input_schema.avsc'],
    ['1', 'out'],
    ['$in', 'all_in'],
  ])
})

it('a schema is found by path, base name, then name without extension', () => {
  const paths = ['model.py', 'schemas/in.avsc', 'deep/out.avsc', 'weights.pkl']
  expect(resolveSchema('./schemas/in.avsc', paths)).toBe('schemas/in.avsc')
  expect(resolveSchema('out.avsc', paths)).toBe('deep/out.avsc')
  expect(resolveSchema('in', paths)).toBe('schemas/in.avsc')
  expect(resolveSchema('model', paths)).toBeUndefined()
})
