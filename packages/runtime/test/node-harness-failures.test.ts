import { describe, expect, test } from 'vitest'
import { isAlive } from '../src/agent-leftovers.ts'
import { runModel } from './node-harness-fixture.ts'

describe('a model that fails says where and why', () => {
  test('thrown at a record: the record, its line and the model’s own frames', async () => {
    const { failed, finished, output, exit } = await runModel({
      model:
        'export function score({ x }) {\n  if (x === 2) return deep(null)\n  return x\n}\nconst deep = (it) => it.amount\n',
      inputs: [{ name: 'in.csv', text: 'id,x\n"a\nb",1\nc,2\nd,3\n' }],
    })
    expect(exit.code).toBe(1)
    expect(finished).toBeUndefined()
    expect(output).toBe('1\n')
    expect(failed).toMatchObject({
      phase: 'score',
      error: "TypeError: Cannot read properties of null (reading 'amount')",
      record: 2,
      line: 4,
    })
    expect(failed?.traceback).toEqual([
      "TypeError: Cannot read properties of null (reading 'amount')",
      expect.stringMatching(/^ {4}at deep \(model\.js:5:\d+\)$/),
      expect.stringMatching(/^ {4}at .*score \(model\.js:2:\d+\)$/),
    ])
  })

  const failures: [string, string, { phase: string; error: string | RegExp; record?: number | null }][] = [
    ['a syntax error', 'export function score( {\n', { phase: 'load', error: /^SyntaxError: / }],
    ['an import that is not there', 'import "./none.js"\nexport const score = 1', { phase: 'load', error: /none\.js/ }],
    ['thrown at load', 'throw new RangeError("no weights")', { phase: 'load', error: 'RangeError: no weights' }],
    [
      'thrown in init',
      'export function init() { throw new Error("no weights") }\nexport const score = () => 1',
      { phase: 'init', error: 'Error: no weights' },
    ],
    [
      'rejected in init',
      'export async function init() { throw new Error("late") }\nexport const score = () => 1',
      { phase: 'init', error: 'Error: late' },
    ],
    [
      'no score function',
      'export const other = () => 1',
      { phase: 'load', error: /has no score function: .* it exports: other/ },
    ],
    [
      'marked but not exported',
      '// modelop.score\nfunction hidden() {}\nexport const other = 1',
      { phase: 'load', error: /does not export it: write `export function hidden`/ },
    ],
    [
      'a rejected promise',
      'export const score = async ({ x }) => { if (x === 3) throw new Error("async") }',
      { phase: 'score', error: 'Error: async', record: 3 },
    ],
    [
      'thrown by a generator',
      'export function* score({ x }) { yield x; throw new Error("after") }',
      { phase: 'score', error: 'Error: after', record: 1 },
    ],
    [
      'something that is no error',
      'export const score = () => { throw { code: 7 } }',
      { phase: 'score', error: /^{ code: 7 }$/, record: 1 },
    ],
    [
      'an error that is its own cause',
      'export const score = () => { const error = new Error("round"); error.cause = error; throw error }',
      { phase: 'score', error: /^Error: round$/, record: 1 },
    ],
    [
      'a rejected promise that nobody waits for',
      'export const score = ({ x }) => { if (x === 3) Promise.reject(new Error("lost")); return x }',
      { phase: 'score', error: /^Error: lost$/, record: 3 },
    ],
    [
      'a package that is not there',
      'import { z } from "no-such-package"\nexport const score = z',
      { phase: 'load', error: /Cannot find package 'no-such-package' imported from model\.js$/ },
    ],
    [
      'thrown in a timer',
      'setTimeout(() => { throw new Error("later") }, 1)\nexport const score = () => new Promise((done) => setTimeout(done, 200))',
      { phase: 'score', error: 'Error: later', record: 1 },
    ],
    [
      'a promise that never settles',
      'export const score = ({ x }) => x === 2 ? new Promise(() => {}) : x',
      { phase: 'score', error: /promise that nothing will ever settle/, record: 2 },
    ],
    [
      'a stack without end',
      'export const score = (x) => score(x)',
      { phase: 'score', error: /^RangeError: Maximum call stack/, record: 1 },
    ],
  ]
  test.each(failures)('%s', async (_title, model, { phase, error, record }) => {
    const { failed, finished, exit } = await runModel({ model })
    expect(finished).toBeUndefined()
    expect(exit.code).toBe(1)
    expect(failed?.phase).toBe(phase)
    expect(failed?.error).toMatch(error)
    expect(failed?.record).toBe(record ?? null)
    const isOurs = /^model\.js |^the model waits/.test(failed?.error ?? '')
    expect(failed?.isRaised).toBe(!isOurs)
  })

  test('words without end are cut: of an error, of its traceback, of a rejection', async () => {
    const words = (name: string) =>
      runModel({
        model: `export const score = () => { const error = new Error('y'.repeat(2e6)); error.name = '${name}'; throw error }`,
      })
    const { failed } = await words('Error')
    expect(failed?.error).toHaveLength(4_000)
    expect(failed?.traceback[0]?.length).toBe(4_000)
    const { rejects, finished } = await words('UserWarning')
    expect(finished).toMatchObject({ recordsFailedByModel: 3 })
    expect(rejects[0]?.reason).toHaveLength(4_000)
  })

  test('a syntax error shows the line', async () => {
    const { failed } = await runModel({
      model:
        'import { readFileSync } from "node:fs"\nexport const a = 1\nexport function score(datum) {\n  return datum.x +* 2\n}\n',
    })
    expect(failed?.error).toBe("SyntaxError: Unexpected token '*' (model.js, line 4)")
    expect(failed?.traceback).toEqual([
      'model.js:4',
      '  return datum.x +* 2',
      '                  ^',
      "SyntaxError: Unexpected token '*'",
    ])
  })

  test('a name that the asset gives but the source lacks is told with what there is', async () => {
    const { failed } = await runModel({
      model: 'export const predict = () => 1',
      plan: { functions: { init: null, score: 'perform', metrics: null, train: null } },
    })
    expect(failed?.error).toBe(
      "the asset names 'perform' as its score function, but model.js does not export it; it exports: predict",
    )
  })

  test('an error named UserWarning loses its record and the job goes on', async () => {
    const { output, finished, rejects } = await runModel({
      model:
        'class UserWarning extends Error { name = "UserWarning" }\nexport const score = ({ x }) => { if (x === 2) throw new UserWarning("odd"); return x }',
    })
    expect(output).toBe('1\n3\n')
    expect(finished).toMatchObject({ recordsIn: 3, recordsOut: 2, recordsFailedByModel: 1 })
    expect(rejects).toMatchObject([{ direction: 'input', record: 2, line: 3, code: 'model', reason: 'odd' }])
  })
})

describe('a model that ends or blocks its process', () => {
  test('exit with 0 half-way is no finished run', async () => {
    const { finished, failed, exit } = await runModel({
      model: 'export const score = ({ x }) => { if (x === 2) process.exit(0) }',
    })
    expect(exit).toEqual({ code: 0, signal: null })
    expect([finished, failed]).toEqual([undefined, undefined])
  })

  test('killing itself is told by the signal', async () => {
    const { finished, exit } = await runModel({
      model: 'export const score = () => process.kill(process.pid, "SIGKILL")',
    })
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
    expect(finished).toBeUndefined()
  })

  test('timers and servers left behind do not hold up the end', async () => {
    const { finished } = await runModel({
      model:
        'import { createServer } from "node:http"\nexport function init() { setInterval(() => {}, 1000); createServer().listen(0) }\nexport const score = ({ x }) => x',
    })
    expect(finished).toMatchObject({ recordsOut: 3 })
  })

  test('one that ignores SIGTERM dies of SIGKILL, with its children', async () => {
    const { exit, console } = await runModel({
      model:
        'import { spawn } from "node:child_process"\nprocess.on("SIGTERM", () => console.log("ignored"))\nexport function score() { const child = spawn("sleep", ["600"]); console.log("child", child.pid); return new Promise(() => setInterval(() => {}, 1000)) }',
      env: { PATH: process.env.PATH ?? '' },
      onStart: async (child, said) => {
        await expect.poll(() => said.join('\n')).toContain('child ')
        child.kill('SIGTERM')
        await expect.poll(() => said.join('\n')).toContain('ignored')
        child.kill('SIGKILL')
      },
    })
    expect(exit.signal).toBe('SIGKILL')
    const pid = Number(/child (\d+)/.exec(console.join('\n'))?.[1])
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  test('rubbish on the event channel is told as rubbish, and the run still ends', async () => {
    const { events, finished } = await runModel({
      model:
        'import { writeSync } from "node:fs"\nexport const score = ({ x }) => { writeSync(3, "rubbish " + x + "\\n"); return x }',
    })
    expect(events.filter(({ event }) => event === 'rubbish')).toHaveLength(3)
    expect(finished).toMatchObject({ recordsOut: 3 })
  })

  test('progress is told while it runs', async () => {
    const { events } = await runModel({
      model: 'export const score = async ({ x }) => { await new Promise((done) => setTimeout(done, 300)); return x }',
    })
    expect(events.find(({ event }) => event === 'progress')).toMatchObject({ recordsOut: expect.any(Number) })
  })
})

test.runIf(process.platform === 'linux')('a full disk is told as the output’s failure', async () => {
  const { failed } = await runModel({
    model: 'export const score = ({ x }) => x',
    plan: { output: { path: '/dev/full', format: 'JSON', columns: null } },
  })
  expect(failed).toMatchObject({ phase: 'output', error: 'the output cannot be written: the disk is full' })
})
