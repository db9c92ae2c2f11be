/** The libraries a source needs: where they come from, and what is said where they are missing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, type Given, makeScience, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  await makeScience()
  runtime = await startSources()
})
afterAll(() => runtime.close())

const success = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }
const numbers = { 'a.json': '1\n2\n' }

async function gives(given: Given, output: string): Promise<void> {
  const ended = await runtime.run(given)
  expect(ended, ended.messages.join('\n')).toMatchObject({ ...success, output })
}

describe('the libraries of a source', () => {
  it('metrics without pandas is told what to do, in one sentence', async () => {
    const ended = await runtime.run({
      kind: 'metrics',
      files: { 'model.py': 'import sys\nsys.modules["pandas"] = None\ndef metrics(frame):\n    return 1\n' },
      inputs: { 'a.csv': 'x\n1\n' },
    })
    expect(ended.outcome).toMatch(/^metrics gets one DataFrame .* the requirements.txt of the model$/)
  })

  it.each([
    [
      'sklearn',
      "'sklearn' is neither beside the source nor installed: is the package that brings it in requirements.txt?",
    ],
    ['pyspark.sql', 'PySpark models are not run by this runtime'],
  ])('a source that imports %s without having it is told what is missing', async (name, hint) => {
    const ended = await runtime.run({ files: { 'model.py': `import ${name}\n` }, inputs: numbers })
    expect(ended.outcome).toMatch(/^raised ModuleNotFoundError: No module named '\w+' while the source was loaded$/)
    expect(ended.console).toEqual([hint])
  })

  it('requirements that lie beside the source are installed from there', async () => {
    const setup = "from setuptools import setup\nsetup(name='rowhouse_own', version='1', py_modules=['rowhouse_own'])\n"
    await gives(
      {
        files: {
          'model.py':
            'import rowhouse_own, os\ndef action(d): yield [rowhouse_own.X, os.path.exists("own/setup.py")]\n',
          'requirements.txt': 'modelop\n-r deep/more.txt\n',
          'deep/more.txt': './own\n',
          'own/setup.py': setup,
          'own/rowhouse_own.py': 'X = 5\n',
        },
        inputs: { 'a.json': '1\n' },
        primary: 'model.py',
      },
      '[5,true]\n',
    )
  })

  it('the environment of its requirements is activated: programs and `python` are found there, warm or not', async () => {
    const source =
      'import os, shutil, subprocess, sys\ndef action(d):\n    said = subprocess.check_output(["python", "-c", "import sys, numpy; print(sys.prefix)"], text=True).strip()\n    yield [said == sys.prefix == os.environ["VIRTUAL_ENV"], shutil.which("f2py") is not None]\n'
    for (const _ of ['cold', 'warm'])
      await gives({ files: { 'model.py': source }, inputs: numbers, science: true }, '[true,true]\n[true,true]\n')
  })

  it('a requirements.txt as PowerShell writes it is read', async () => {
    const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
    const given = {
      'model.py': 'def action(datum):\n    return datum\n',
      'requirements.txt': utf16('modelop==1.0\r\n'),
    }
    await gives({ files: given, inputs: numbers }, '1\n2\n')
  })
})
