import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describePython } from '../src/python/describe-python.ts'
import { effectiveRequirements, ensureEnvironment, environmentKey } from '../src/python/environments.ts'
import { python, runPython } from './python-fixture.ts'

let folder: string
let said: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowhouse-env-'))
  said = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const ensure = (requirementsText: string | null, interpreter = python, signal = new AbortController().signal) =>
  ensureEnvironment({
    python: interpreter,
    requirementsText,
    cacheDir: join(folder, 'envs'),
    onLine: (line) => said.push(line),
    signal,
  })

/** An interpreter that is asked for environments itself: a mere wrapper describes itself as what it wraps. */
function makeInterpreter(venv: string): string {
  const bare = join(folder, 'bare-python')
  writeFileSync(bare, `#!/bin/sh\nif [ "$2" = venv ]; then\n${venv}\nfi\nexec ${python} "$@"\n`)
  chmodSync(bare, 0o755)
  const asItself = join(folder, 'as-itself')
  writeFileSync(
    asItself,
    `#!/bin/sh\nif [ "$1" = -I ]; then\n  echo '{"version": "3.11.2", "executable": "${bare}", "platform": "linux-x86_64"}'\n  exit\nfi\nexec ${bare} "$@"\n`,
  )
  chmodSync(asItself, 0o755)
  return asItself
}

/** A package on this disk, so that no index is needed. */
function makePackage(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(
    join(path, 'setup.py'),
    `from setuptools import setup\nsetup(name='${name}', version='1.0', py_modules=['${name}'], entry_points={'console_scripts': ['${name}-tool=${name}:main']})\n`,
  )
  writeFileSync(join(path, `${name}.py`), 'VALUE = 42\ndef main(): print(VALUE)\n')
  return path
}

describe('environments', () => {
  it.each([[null], [''], ['# only a comment\n\n'], ['modelop\nModelOp_SDK==2.1  # ours\n']])(
    'requirements %j need none: the interpreter itself serves, links and wrappers resolved',
    async (text) => {
      expect(await ensure(text, 'python3')).toEqual({ interpreter: python })
      expect(existsSync(join(folder, 'envs'))).toBe(false)
    },
  )

  it('what is asked for is installed, its programs run, and the second job finds it made', async () => {
    const requirements = `${makePackage('rowhouse_sample')}\nmodelop\n`
    const first = await ensure(requirements)
    const words = said.join('\n')
    said = []
    const second = await ensure(requirements)
    const source =
      'import rowhouse_sample, subprocess, os, sys\ndef action(x): yield [rowhouse_sample.VALUE, subprocess.check_output([os.path.join(os.path.dirname(sys.executable), "rowhouse_sample-tool")], text=True)]'
    const { values, failed } = await runPython({ source, inputs: { 'in.json': '1\n' }, interpreter: first.interpreter })

    expect(failed).toBeUndefined()
    expect(values).toEqual([[42, '42\n']])
    expect(second).toEqual(first)
    expect(words).toContain('About to install reqs from file: requirements.txt')
    expect(words).toMatch(/Successfully installed rowhouse[_-]sample-1\.0/)
    expect(said).toEqual(['Using the environment made before for these requirements'])
    expect(readdirSync(join(folder, 'envs'))).toHaveLength(1)
  })

  it('two jobs that need the same at once share one', async () => {
    const requirements = makePackage('rowhouse_twice')
    const [one, other] = await Promise.all([ensure(requirements), ensure(requirements)])
    expect(one).toEqual(other)
    expect(said.filter((line) => line.startsWith('About to install'))).toHaveLength(1)
    expect(readdirSync(join(folder, 'envs'))).toHaveLength(1)
  })

  it('a job that is stopped does not wait for its environment, which is finished for the next one', async () => {
    const gate = join(folder, 'gate')
    const slow = makeInterpreter(`while [ ! -e ${gate} ]; do sleep 0.05; done`)
    const requirements = makePackage('rowhouse_slow')
    const stopper = new AbortController()
    const stopped = ensure(requirements, slow, stopper.signal)
    stopped.catch(() => {})
    while (!said.some((line) => line.startsWith('Making'))) await sleep(10)
    const next = ensure(requirements, slow)
    stopper.abort(new Error('cancelled'))
    await expect(stopped).rejects.toThrow('cancelled')
    writeFileSync(gate, '')
    expect(existsSync((await next).interpreter)).toBe(true)
    expect(said.filter((line) => line.startsWith('Making'))).toHaveLength(1)
  })

  it("what cannot be had is an error with pip's words, and leaves nothing behind", async () => {
    const missing = join(folder, 'no-such-package')
    await expect(ensure(missing)).rejects.toMatchObject({
      kind: 'ModelFailure',
      code: 'RequirementsNotMet',
      message: expect.stringMatching(/^requirements\.txt cannot be installed: .*no-such-package/),
    })
    expect(readdirSync(join(folder, 'envs'))).toEqual([])
  })

  it('an interpreter without venv is told with the package to install', async () => {
    const asItself = makeInterpreter(
      'echo "The virtual environment was not created successfully because ensurepip is not available." >&2\nexit 1',
    )
    await expect(ensure('numpy', asItself)).rejects.toMatchObject({
      code: 'VenvMissing',
      message: expect.stringContaining('apt install python3-venv'),
    })
  })

  it('the key depends on interpreter, version, platform and requirements', () => {
    const facts = { version: '3.11.2', platform: 'linux-x86_64' }
    const keys = [
      environmentKey('/usr/bin/python3', facts, 'a\n'),
      environmentKey('/opt/python3', facts, 'a\n'),
      environmentKey('/usr/bin/python3', { ...facts, version: '3.11.3' }, 'a\n'),
      environmentKey('/usr/bin/python3', { ...facts, platform: 'linux-aarch64' }, 'a\n'),
      environmentKey('/usr/bin/python3', facts, 'b\n'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys[0]).toMatch(/^py3\.11\.2-[0-9a-f]{24}$/)
  })

  it('comments, blank lines and names that the runtime brings itself are left out; the rest stays as it is', () => {
    const text =
      '\uFEFF# models\r\nscikit-learn==0.22\n\nnumpy>=1.0.0, < 1.22.0  # range\nunstructured[pdf]\nmodelop\nMODELOP.SDK >= 1\nmodelop-extras\n'
    expect(effectiveRequirements(text)).toBe(
      'scikit-learn==0.22\nnumpy>=1.0.0, < 1.22.0\nunstructured[pdf]\nmodelop-extras\n',
    )
  })
})

describe('describePython', () => {
  it('tells version, interpreter and platform', async () => {
    expect(await describePython('python3')).toEqual({
      version: expect.stringMatching(/^3\.\d+\.\d+$/),
      executable: python,
      platform: expect.any(String),
    })
  })

  it.each([
    ['/no/such/python', 'there is no such program'],
    ['/dev/null', 'it may not be executed'],
    ['/bin/echo', 'does not answer like a Python interpreter'],
    ['/bin/false', 'cannot be used as Python'],
  ])('%s is refused: %s', async (path, reason) => {
    await expect(describePython(path)).rejects.toMatchObject({
      kind: 'InputError',
      code: 'PythonUnusable',
      message: expect.stringContaining(reason),
    })
  })

  it.each([
    ['3.7.17', false],
    ['3.8.0', true],
    ['3.9.0', true],
    ['2.7.18', false],
  ])('Python %s is taken: %s', async (version, isTaken) => {
    const path = join(folder, 'python-of-then')
    writeFileSync(path, `#!/bin/sh\necho '{"version": "${version}", "executable": "/x", "platform": "linux"}'\n`)
    chmodSync(path, 0o755)
    const refusal = `'${path}' is Python ${version}: 3.8 or newer is needed`
    const said = await describePython(path).then(
      (facts) => facts.version,
      (error: Error) => error.message,
    )
    expect(said).toBe(isTaken ? version : refusal)
  })
})

it('an environment that was left half-made is not taken for a whole one', async () => {
  const requirements = makePackage('rowhouse_half')
  mkdirSync(join(folder, 'envs', 'py0.building'), { recursive: true })
  const { interpreter } = await ensure(requirements)
  expect(readFileSync(join(interpreter, '..', '..', 'pyvenv.cfg'), 'utf8')).toContain('home = ')
})
