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

it('the first annotation of a slot wins, scopes have any case, a byte order mark hides none, and old names of the slots count', () => {
  const source = '\uFEFF# ModelOp.Schema.0: first\n# modelop.schema.0: second\n# modelop.schema.$IN: all_in\n'
  expect([...schemaAnnotations(source)]).toEqual([
    ['0', 'first'],
    ['$in', 'all_in'],
  ])
  expect([...schemaAnnotations('# fastscore.input: in.avsc\n// fastscore.output: double\n')]).toEqual([
    ['0', 'in.avsc'],
    ['1', 'double'],
  ])
  expect([...schemaAnnotations('# fastscore.input: old\n# fastscore.schema.0: new\n# modelop.input: x\n')]).toEqual([
    ['0', 'new'],
  ])
})

it('a schema is found by path, base name, then name without extension', () => {
  const paths = ['model.py', 'schemas/in.avsc', 'deep/out.avsc', 'weights.pkl']
  expect(resolveSchema('./schemas/in.avsc', paths)).toBe('schemas/in.avsc')
  expect(resolveSchema('out.avsc', paths)).toBe('deep/out.avsc')
  expect(resolveSchema('in', paths)).toBe('schemas/in.avsc')
  expect(resolveSchema('model', paths)).toBeUndefined()
})
