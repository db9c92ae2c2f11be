import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { canBeForked, coolPython, launchPython, warmPython } from '../src/python/launch-python.ts'
import { startZygote, type Zygote } from '../src/python/zygote.ts'
import { type Given, python, pythonWithPandas, runPython } from './python-fixture.ts'

afterEach(() => coolPython())

const tellsItsParent = 'import os\ndef action(x): yield os.getppid()\n'
const runWarm = (given: Given) => runPython({ launch: launchPython, ...given })
const one = { 'in.json': '1\n' }

/** The parent's process number as a model sees it: ours, or that of a warm parent. */
async function parentOf(given: Partial<Given> = {}): Promise<unknown> {
  const { values } = await runWarm({ source: tellsItsParent, inputs: one, ...given })
  return values[0]
}

async function until(condition: () => boolean | Promise<boolean>) {
  while (!(await condition())) await sleep(10)
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** An interpreter whose path holds a module that starts a thread. */
function pythonWithThreadStarter(module = 'starts_a_thread') {
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-unfit-'))
  mkdirSync(join(folder, 'bin'))
  writeFileSync(
    join(folder, `${module}.py`),
    'import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n',
  )
  const wrapper = join(folder, 'bin', 'python')
  writeFileSync(wrapper, `#!/bin/sh\nPYTHONPATH=${folder} exec ${python} "$@"\n`, { mode: 0o755 })
  return { wrapper, remove: () => rmSync(folder, { recursive: true }) }
}

describe('warm parents', () => {
  it('the first job starts afresh; later ones are forked by one parent', async () => {
    expect(await parentOf()).toBe(process.pid)
    await warmPython(python)
    const second = await parentOf()
    expect(second).not.toBe(process.pid)
    expect(await parentOf()).toBe(second)
  })

  it('a forked model has its own variables, folder, group, streams and nothing of the parent or of other jobs', async () => {
    await warmPython(python)
    const source = [
      'import os, sys, random',
      'state = []',
      'def action(x):',
      '    state.append(x)',
      '    print("out")',
      '    print("err", file=sys.stderr)',
      '    yield [dict(os.environ), sys.argv, os.getcwd() == os.environ["HERE"], os.getpgid(0) == os.getpid(), state, sys.stdin.read(), __name__]',
    ].join('\n')
    const here = mkdtempSync(join(tmpdir(), 'rowhouse-here-'))
    try {
      await runWarm({ source, inputs: one, env: { SECRET: 'of another job', HERE: here } })
      const { values, stdout, stderr } = await runWarm({ source, inputs: one, env: { HERE: here, PATH: '/bin' } })
      const env = { HERE: here, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', PATH: '/bin' }
      expect(values).toEqual([[env, ['source.py'], false, true, [1], '', 'model']])
      expect([stdout, stderr]).toEqual([['out'], ['err']])
    } finally {
      rmSync(here, { recursive: true })
    }
  })

  it('random numbers differ between forked models', async () => {
    await warmPython(python)
    const source = 'import random\ndef action(x): yield random.random()'
    const first = await runWarm({ source, inputs: one })
    const second = await runWarm({ source, inputs: one })
    expect(first.values).not.toEqual(second.values)
  })

  it.each([
    ['raises-at-row-17.py', { code: 1, signal: null }],
    ['exits-zero-half-way.py', { code: 0, signal: null }],
    ['kills-itself.py', { code: null, signal: 'SIGKILL' }],
    ['has-a-syntax-error.py', { code: 1, signal: null }],
  ])('%s ends as it does afresh, and the parent lives on', async (source, exit) => {
    await warmPython(python)
    const parent = await parentOf()
    const inputs = { 'in.json': '1\n2\n3\n4\n' }
    const warm = await runWarm({ source, inputs })
    const afresh = await runPython({ source, inputs })
    expect(warm.exit).toEqual(exit)
    expect(warm.failed).toEqual(afresh.failed)
    expect(warm.stdout).toEqual(afresh.stdout)
    expect(await parentOf()).toBe(parent)
  })

  it('a model that sleeps for ever is killed with all it started', async () => {
    await warmPython(python)
    const { exit } = await runWarm({
      source: 'ignores-sigterm.py',
      inputs: one,
      during: async (child, events) => {
        await until(() => events.some(({ event }) => event === 'init-succeeded'))
        child.kill('SIGTERM')
        child.kill('SIGKILL')
      },
    })
    expect(exit).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('several models run at once', async () => {
    await warmPython(python)
    const source = 'import time\ndef action(x):\n    time.sleep(0.2)\n    yield x\n'
    const outcomes = await Promise.all([1, 2, 3, 4].map((n) => runWarm({ source, inputs: { 'in.json': `${n}\n` } })))
    expect(outcomes.map(({ values }) => values)).toEqual([[1], [2], [3], [4]])
  })

  it('when the parent has died the next job starts afresh, and the one after has a new parent', async () => {
    await warmPython(python)
    const parent = (await parentOf()) as number
    process.kill(parent, 'SIGKILL')
    await until(() => !isThere(parent))
    expect(await parentOf()).toBe(process.pid)
    await warmPython(python)
    expect([process.pid, parent]).not.toContain(await parentOf())
  })

  it('libraries that a model imported are imported by the parent from then on', async () => {
    const interpreter = await pythonWithPandas()
    const source =
      'import sys\nwas = "pandas" in sys.modules\nimport pandas\ndef action(x): yield [was, pandas.__name__]'
    const first = await runWarm({ source, inputs: one, interpreter })
    await warmPython(interpreter)
    const second = await runWarm({ source, inputs: one, interpreter })
    expect(first.values).toEqual([[false, 'pandas']])
    expect(second.values).toEqual([[true, 'pandas']])
    const random = 'import numpy\ndef action(x): yield float(numpy.random.rand())'
    const [a, b] = [
      await runWarm({ source: random, inputs: one, interpreter }),
      await runWarm({ source: random, inputs: one, interpreter }),
    ]
    expect(a.values).not.toEqual(b.values)
  })

  it('variables that an interpreter reads when it starts make a job start afresh', async () => {
    await warmPython(python)
    expect(await parentOf({ env: { PYTHONHASHSEED: '0' } })).toBe(process.pid)
    expect(canBeForked({ env: { OMP_NUM_THREADS: '4' } }, 'linux')).toBe(false)
    expect(canBeForked({ env: { OMP_NUM_THREADS: '1', HOME: '/' } }, 'linux')).toBe(true)
    expect(canBeForked({ env: {} }, 'darwin')).toBe(false)
  })
})

describe('a parent', () => {
  const start = (over: Partial<Parameters<typeof startZygote>[0]> = {}): Promise<Zygote> =>
    startZygote({ interpreter: python, onUnfit: () => {}, onClosed: () => {}, ...over })

  it('says that it is unfit when an import starts a thread, and ends', async () => {
    const { wrapper, remove } = pythonWithThreadStarter()
    try {
      const reasons: string[] = []
      const closed = new Promise<void>((resolve) => {
        void start({ interpreter: wrapper, onUnfit: (reason) => reasons.push(reason), onClosed: resolve }).then(
          (zygote) => zygote.import(['starts_a_thread']),
        )
      })
      await closed
      expect(reasons).toEqual(['an import started 1 threads'])
    } finally {
      remove()
    }
  })

  it('that turns out unfit leaves the model it forked to its end', async () => {
    const { wrapper: interpreter, remove } = pythonWithThreadStarter('catboost')
    const source = 'import catboost, os, time\ndef action(x):\n    time.sleep(0.5)\n    yield os.getppid()\n'
    try {
      await warmPython(interpreter)
      const parent = await parentOf({ interpreter })
      const { values, exit } = await runWarm({ source, inputs: { 'in.json': '1\n2\n' }, interpreter })
      expect({ values, exit }).toEqual({ values: [parent, parent], exit: { code: 0, signal: null } })
      await until(() => !isThere(Number(parent)))
      expect(await parentOf({ interpreter })).toBe(process.pid)
    } finally {
      remove()
    }
  })

  it('is not disturbed by what an interpreter prints when it starts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rowhouse-greets-'))
    const wrapper = join(folder, 'python')
    writeFileSync(wrapper, `#!/bin/sh\necho Welcome\necho '[]'\nexec ${python} "$@"\n`, { mode: 0o755 })
    try {
      const zygote = await start({ interpreter: wrapper })
      expect(zygote.isClosed).toBe(false)
      zygote.close()
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('that cannot be started rejects', async () => {
    await expect(start({ interpreter: '/bin/false' })).rejects.toThrow('the warm parent ended before it was ready')
    await expect(start({ interpreter: '/no/such/python' })).rejects.toThrow('ENOENT')
  })

  it('tells where its libraries are, so that a change there is seen', async () => {
    const zygote = await start()
    expect(zygote.libraries.length).toBeGreaterThan(0)
    zygote.close()
    expect(zygote.isClosed).toBe(true)
  })
})

it('a parent that was replaced while it had a job ends with it, whatever its successor has to do', async () => {
  const interpreter = await pythonWithPandas()
  const folder = mkdtempSync(join(tmpdir(), 'rowhouse-gate-'))
  const gate = (name: string) => join(folder, name)
  const waits = (name: string) =>
    runWarm({
      source: `import os, time\ndef action(x):\n    while not os.path.exists(${JSON.stringify(gate(name))}): time.sleep(0.01)\n    yield os.getppid()\n`,
      inputs: one,
      interpreter,
    })
  try {
    await warmPython(interpreter)
    const early = waits('early')
    const libraries = await runPython({
      source: 'import sys\ndef action(x): yield [p for p in sys.path if p.endswith("site-packages")][0]',
      inputs: one,
      interpreter,
    })
    utimesSync(String(libraries.values[0]), new Date(), new Date())
    expect(await parentOf({ interpreter })).toBe(process.pid)
    await warmPython(interpreter)
    const late = waits('late')
    const successor = await parentOf({ interpreter })
    writeFileSync(gate('early'), '')
    const { values } = await early
    expect([process.pid, successor]).not.toContain(values[0])
    await until(() => !isThere(Number(values[0])))
    writeFileSync(gate('late'), '')
    expect((await late).values).toEqual([successor])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it('a parent whose libraries have changed is replaced', async () => {
  const interpreter = await pythonWithPandas()
  await warmPython(interpreter)
  const parent = await parentOf({ interpreter })
  const libraries = join(interpreter, '..', '..', 'lib')
  const { stdout } = await runPython({
    source: 'import sys\ndef action(x): print([p for p in sys.path if p.endswith("site-packages")][0])',
    inputs: one,
    interpreter,
  })
  expect(stdout[0]).toContain(libraries)
  utimesSync(stdout[0] ?? '', new Date(), new Date())
  expect(await parentOf({ interpreter })).toBe(process.pid)
  await warmPython(interpreter)
  expect([process.pid, parent]).not.toContain(await parentOf({ interpreter }))
})
