import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isAlive } from '../src/agent-leftovers.ts'
import { lines, runPython } from './python-fixture.ts'

const amounts = (count: number) => lines(...Array.from({ length: count }, (_, index) => ({ amount: index })))
const numbers = { 'in.json': '1\n2\n3\n4\n5\n' }

async function until(condition: () => boolean) {
  while (!condition()) await sleep(10)
}

describe('a model that fails', () => {
  it('at a record: the job ends with the error, the record, its line and the traceback of the model alone', async () => {
    const { exit, failed, output, finished } = await runPython({
      source: 'raises-at-row-17.py',
      inputs: { 'in.json': `\n${amounts(30)}` },
    })
    expect(exit).toEqual({ code: 1, signal: null })
    expect(failed).toMatchObject({ phase: 'score', error: "KeyError: 'amount'", record: 17, line: 18 })
    // Newer Pythons underline the place in the line.
    expect(failed?.traceback.filter((line) => !/^[ ~^]+$/.test(line))).toEqual([
      'Traceback (most recent call last):',
      '  File "raises-at-row-17.py", line 14, in score',
      '    yield {"twice": 2 * lookup(datum)}',
      '  File "raises-at-row-17.py", line 9, in lookup',
      '    return datum["amount"]',
      "KeyError: 'amount'",
    ])
    expect(output.split('\n')).toHaveLength(17)
    expect(finished).toBeUndefined()
  })

  it('at a record of a CSV file: the line is that of the file, after quoted line ends', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => `"a\nb",${index}\n`).join('')
    const { failed } = await runPython({ source: 'raises-at-row-17.py', inputs: { 'in.csv': `t,amount\n${rows}` } })
    expect(failed).toMatchObject({ phase: 'score', record: 17, line: 34 })
  })

  it('with a syntax error: the place is in the error and in the traceback', async () => {
    const { failed, events } = await runPython({ source: 'has-a-syntax-error.py', inputs: numbers })
    expect(failed).toMatchObject({ phase: 'load', record: null, line: null })
    expect(failed?.error).toMatch(/^SyntaxError: .*\(has-a-syntax-error\.py, line 3\)$/)
    expect(failed?.traceback[0]).toBe('  File "has-a-syntax-error.py", line 3')
    expect(events.map(({ event }) => event)).not.toContain('init-succeeded')
  })

  it('at import: what is missing is named', async () => {
    const { failed } = await runPython({ source: 'raises-at-import.py', inputs: numbers })
    expect(failed).toMatchObject({
      phase: 'load',
      error: "ModuleNotFoundError: No module named 'module_that_nobody_has'",
    })
    expect(failed?.traceback[1]).toBe('  File "raises-at-import.py", line 1, in <module>')
  })

  it('in init: no record is read, and the cause is in the traceback', async () => {
    const { failed, output } = await runPython({ source: 'raises-in-init.py', inputs: numbers })
    expect(failed).toMatchObject({ phase: 'init', error: 'RuntimeError: weights are missing' })
    expect(failed?.traceback).toContain('The above exception was the direct cause of the following exception:')
    expect(failed?.traceback.join('\n')).not.toContain('rowhouse_harness')
    expect(output).toBe('')
  })

  it('by endless recursion: the traceback is cut', async () => {
    const { failed } = await runPython({ source: 'eats-stack.py', inputs: numbers })
    expect(failed?.error).toMatch(/^RecursionError: /)
    expect(failed?.traceback.length).toBeLessThan(220)
  })

  it('by sys.exit: it has failed, whatever code it chose', async () => {
    const { exit, failed } = await runPython({ source: 'calls-sys-exit.py', inputs: numbers })
    expect(exit.code).toBe(1)
    expect(failed).toMatchObject({ error: 'SystemExit: 0', record: 1 })
  })

  it('by an exception that cannot be shown', async () => {
    const source = 'class E(Exception):\n    def __str__(self): raise ValueError()\ndef action(x): raise E()\n'
    const { failed } = await runPython({ source, inputs: numbers })
    expect(failed?.error).toBe('E: <a message that cannot be shown>')
  })
})

describe('a model that dies', () => {
  it('exiting with 0 half-way: there is no `finished`, and what it printed is there', async () => {
    const { exit, finished, failed, stdout } = await runPython({ source: 'exits-zero-half-way.py', inputs: numbers })
    expect(exit).toEqual({ code: 0, signal: null })
    expect(finished ?? failed).toBeUndefined()
    expect(stdout).toEqual(['beforebeforebefore'])
  })

  it('killing itself: the signal is told', async () => {
    const { exit, finished } = await runPython({ source: 'kills-itself.py', inputs: numbers })
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
    expect(finished).toBeUndefined()
  })

  it('sleeping for ever: SIGTERM ends it', async () => {
    const { exit } = await runPython({
      source: 'sleeps-forever.py',
      inputs: numbers,
      during: async (process, events) => {
        await until(() => events.some(({ event }) => event === 'init-succeeded'))
        process.kill('SIGTERM')
      },
    })
    expect(exit).toEqual({ code: null, signal: 'SIGTERM' })
  })

  it('ignoring SIGTERM: SIGKILL ends it', async () => {
    const { exit } = await runPython({
      source: 'ignores-sigterm.py',
      inputs: numbers,
      during: async (process, events) => {
        await until(() => events.some(({ event }) => event === 'init-succeeded'))
        process.kill('SIGTERM')
        process.kill('SIGKILL')
      },
    })
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('at its end, by a handler that never returns: it is cut off, and the job is finished all the same', async () => {
    const patience = 'sys.modules["rowhouse_harness.leaving"].SECONDS_MAX = 0.1'
    const source = `import atexit, sys, time\n${patience}\natexit.register(time.sleep, 3600)\ndef action(x): return x\n`
    const { exit, values, finished } = await runPython({ source, inputs: numbers })
    expect(exit).toEqual({ code: 0, signal: null })
    expect(values).toEqual([1, 2, 3, 4, 5])
    expect(finished).toBeDefined()
  })

  it('leaving threads and programs behind: it is finished at once, and they end with it', async () => {
    const { exit, finished, values } = await runPython({
      source: 'leaves-threads-and-children.py',
      inputs: { 'in.json': '1\n' },
    })
    expect(exit).toEqual({ code: 0, signal: null })
    expect(finished).toMatchObject({ recordsOut: 1 })
    await until(() => !isAlive(values[0] as number))
  })
})

describe('what a model prints', () => {
  it('comes line by line from the first to the last, flushed or not', async () => {
    const { stdout, stderr } = await runPython({ source: 'prints.py', inputs: { 'in.json': '1\n' } })
    expect(stdout).toEqual(['at import: ü', '', 'no line end'])
    expect(stderr).toEqual(['WARNING:root:a warning', 'in init'])
  })

  it('megabytes come through whole; a line without an end comes in pieces', async () => {
    const { stdout, stderr, finished } = await runPython({
      source: 'prints-megabytes.py',
      inputs: { 'in.json': '1\n' },
    })
    expect(stdout.length).toBeGreaterThan(20_000)
    expect(stdout.slice(20_000).join('')).toBe('x'.repeat(1_000_000))
    expect(stderr).toEqual(['without a line end'])
    expect(finished).toBeDefined()
  })

  it('does not reach the event channel, even by its number', async () => {
    const { values, events } = await runPython({ source: 'writes-to-descriptor-3.py', inputs: { 'in.json': '1\n' } })
    expect(values).toEqual([8])
    expect(events.map(({ event }) => event)).not.toContain('rubbish')
  })
})
