import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { python } from './python-fixture.ts'

const harness = fileURLToPath(new URL('../harness/python', import.meta.url))

interface Found {
  functions: Record<string, string>
  settings: [string, string | null, string][]
  recordsets: boolean[]
  actions: (string | null)[]
}

/** recordsets and actions: of the slots 0 to 3. */
function annotationsOf(source: string): Found {
  const program =
    'import json, sys; from rowhouse_harness.annotations import read_annotations; a = read_annotations(sys.stdin.read()); ' +
    'print(json.dumps({"functions": a.functions, "settings": [[t, s, v] for (t, s), v in a.settings.items()], "recordsets": [a.recordsets(n) for n in range(4)], "actions": [a.action(n) for n in range(4)]}))'
  return JSON.parse(execFileSync(python, ['-B', '-c', program], { cwd: harness, input: source, encoding: 'utf8' }))
}

describe('annotations', () => {
  it.each([
    ['# modelop.slot.0: in-use', ['slot', '0', 'in-use']],
    ['#modelop.slot.1:in-use', ['slot', '1', 'in-use']],
    ['# fastscore.schema.0: input_schema.avsc  \r', ['schema', '0', 'input_schema.avsc']],
    ['// fastscore.schema.$in: x', ['schema', '$in', 'x']],
    ['# ModelOp.Recordsets.$ALL : TRUE', ['recordsets', '$all', 'TRUE']],
    ['# fastscore.module-attached: jansson', ['module-attached', null, 'jansson']],
    ['# fastscore.snapshots: eof', ['snapshots', null, 'eof']],
    ['#\tmodelop.schema.my-name: a b', ['schema', 'my-name', 'a b']],
  ])('%j is one', (line, expected) => {
    expect(annotationsOf(line).settings).toEqual([expected])
  })

  it.each([
    '# # modelop.slot.0: in-use',
    '## modelop.slot.0: in-use',
    ' # modelop.slot.0: in-use',
    'x = 1 # modelop.slot.0: in-use',
    '# modelops.slot.0: in-use',
    '# modelop slot: in-use',
    '# modelop.slot.0 in-use',
    '# see modelop.slot.0: in-use',
    'modelop.slot.0: in-use',
  ])('%j is none', (line) => {
    expect(annotationsOf(line)).toMatchObject({ settings: [], functions: {} })
  })

  it('role tags bind to the next definition; several may share one, and training is train', () => {
    const source =
      '# modelop.init\ndef a(): pass\n# modelop.metrics\n# modelop.score\nasync def b(): pass\n#modelop.training\nx = 1\ndef c(): pass\n# modelop.score\n'
    expect(annotationsOf(source).functions).toEqual({ init: 'a', metrics: 'b', score: 'b', train: 'c' })
  })

  it.each([
    ['# modelop.recordsets: yes', [true, true, true, true]],
    ['# modelop.recordsets.$in: true', [true, false, true, false]],
    ['# modelop.recordsets.$out: true', [false, true, false, true]],
    ['# fastscore.recordsets: both', [true, true, true, true]],
    ['# fastscore.recordsets: input', [true, false, true, false]],
    ['# fastscore.recordsets: output', [false, true, false, true]],
    ['# modelop.recordsets.$all: true\n# modelop.recordsets.0: false', [false, true, true, true]],
    ['# modelop.recordsets.0: no', [false, false, false, false]],
  ])('%j switches recordsets', (source, expected) => {
    expect(annotationsOf(source).recordsets).toEqual(expected)
  })

  it.each([
    ['# fastscore.action.0: preprocess', ['preprocess', null, null, null]],
    ['# fastscore.action: main', ['main', 'main', 'main', 'main']],
    ['# fastscore.action: unused', [null, null, null, null]],
    ['# fastscore.action.$in: f\n# fastscore.action.2: none', ['f', null, null, null]],
  ])('%j binds slots', (source, expected) => {
    expect(annotationsOf(source).actions).toEqual(expected)
  })
})
