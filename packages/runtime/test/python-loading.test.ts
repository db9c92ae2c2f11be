import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { runPython } from './python-fixture.ts'

const one = { 'in.json': '1\n' }

describe('where a model wakes up', () => {
  it('it is the module `model` in the folder of its assets, with a clean argv and its main block asleep', async () => {
    const source = [
      'import os, sys',
      'def action(x):',
      '    yield [__name__, sys.argv, os.listdir("outputDir"), open("weights.txt").read(), os.path.realpath(".") == os.path.realpath(os.path.dirname(__file__)), sys.modules["model"].action is action]',
      'if __name__ == "__main__":',
      '    raise SystemExit("must not run")',
    ].join('\n')
    const { values } = await runPython({ source, files: { 'weights.txt': 'w' }, inputs: one })
    expect(values).toEqual([['model', ['source.py'], [], 'w', true, true]])
  })

  it('files by name, by ./name and in sub-folders are found; modules and packages beside it are importable', async () => {
    const source =
      'import mtr_format\nfrom utilities.helper import f\ndef action(x):\n    yield [mtr_format.A, f(), open("./binaries/x").read()]'
    const files = {
      'mtr_format.py': 'A = 1',
      'utilities/__init__.py': '',
      'utilities/helper.py': 'from .deep import g\ndef f(): return g()',
      'utilities/deep.py': 'def g(): return 2',
      'binaries/x': 'bin',
    }
    const { values, failed } = await runPython({ source, files, inputs: one })
    expect(failed).toBeUndefined()
    expect(values).toEqual([[1, 2, 'bin']])
  })

  it('a source in a sub-folder finds the modules beside it and those of the top', async () => {
    const source = 'import beside, top\ndef action(x): yield [beside.A, top.B]'
    const files = { 'src/beside.py': 'A = 1', 'top.py': 'B = 2' }
    const { values } = await runPython({ source, sourceName: 'src/monitor.py3', files, inputs: one })
    expect(values).toEqual([[1, 2]])
  })

  it('sources named like modules of the standard library do not take their place', async () => {
    const source =
      'import csv, inspect, code, statistics\ndef action(x): yield [inspect.isfunction(action), code.InteractiveConsole.__name__, statistics.mean([1, 3])]'
    const bad = 'raise RuntimeError("the wrong one")'
    const files = { 'inspect.py': bad, 'code.py': bad, 'statistics.py': bad, 'csv.py': bad, 'json.py': bad }
    const { values, failed } = await runPython({ source, sourceName: 'types.py', files, inputs: one })
    expect(failed).toBeUndefined()
    expect(values).toEqual([[true, 'InteractiveConsole', 2]])
  })

  it('a source named like a library that it imports gets the library', async () => {
    const source = 'import pip\ndef action(x): yield hasattr(pip, "__version__")'
    const { values } = await runPython({ source, sourceName: 'pip.py', inputs: one })
    expect(values).toEqual([true])
  })

  it.each([
    ['CRLF line ends', '# modelop.score\r\ndef f(x):\r\n    yield x\r\n'],
    ['tabs and no final line end', '# modelop.score\ndef f(x):\n\tif x:\n\t\tyield x'],
    ['a byte order mark', '\uFEFF# modelop.score\ndef f(x): yield x\n'],
    [
      'a future import and text that is not ASCII',
      '"""doc"""\nfrom __future__ import annotations\n# modelop.score: ü\ndef f(x: ünknown): yield x\n',
    ],
  ])('a source with %s works', async (_title, source) => {
    const { values, failed } = await runPython({ source, inputs: one })
    expect(failed).toBeUndefined()
    expect(values).toEqual([1])
  })

  it('a source in another encoding that it declares works', async () => {
    const source = '# -*- coding: latin-1 -*-\ndef action(x): yield "caf\u00e9"\n'
    const { values } = await runPython({
      source: '',
      sourceName: 'unused.py',
      files: { 'latin.py': Buffer.from(source, 'latin1') },
      plan: { source: 'latin.py' },
      inputs: one,
    })
    expect(values).toEqual(['café'])
  })

  it('a model that changes its working directory still has its lines in the traceback', async () => {
    const source = 'import os\nos.chdir("/")\ndef action(x):\n    raise ValueError(x)  # here\n'
    const { failed } = await runPython({ source, inputs: one })
    expect(failed?.traceback).toContain('    raise ValueError(x)  # here')
  })

  it('attachments as .tar.gz and .tgz are unpacked beside the source, without leaving the folder or overwriting', async () => {
    const archive = gzipSync(
      Buffer.concat([
        tarFile('lr_pickle1.pkl', 'pickle'),
        tarFile('../outside.txt', 'no'),
        tarFile('kept.txt', 'new'),
        Buffer.alloc(1024),
      ]),
    )
    const source =
      'import os\ndef action(x): yield [open("lr_pickle1.pkl").read(), open("kept.txt").read(), os.path.exists("../outside.txt")]'
    const { values, failed } = await runPython({
      source,
      files: { 'lr_pickle1.tar.gz': archive, 'kept.txt': 'old' },
      inputs: one,
    })
    expect(failed).toBeUndefined()
    expect(values).toEqual([['pickle', 'old', false]])
  })

  it('an attachment that is no archive ends the job with its name', async () => {
    const { failed } = await runPython({ source: 'def action(x): pass', files: { 'x.tgz': 'no archive' }, inputs: one })
    expect(failed).toMatchObject({ phase: 'load' })
    expect(failed?.error).toContain('the attachment x.tgz cannot be unpacked')
  })

  it('what it imports leaves no compiled files in the folder', async () => {
    const source = 'import os, helper\ndef action(x): yield sorted(os.listdir("."))'
    const { values } = await runPython({ source, files: { 'helper.py': '' }, inputs: one })
    expect(values).toEqual([['__moc_runtime', 'helper.py', 'outputDir', 'source.py']])
  })
})

describe('which functions are called', () => {
  it('init by annotation with the job when it has a parameter: rawJson and job', async () => {
    const source =
      'import json\n#modelop.init\ndef start(job_json):\n    global seen\n    seen = [sorted(job_json), json.loads(job_json["rawJson"])["jobParameters"], job_json["job"]["id"]]\n    return 1\n# modelop.score\ndef perform_prediction(x):\n    return seen\n'
    const job = { id: 'j', jobParameters: { BUCKET_COLUMN: 'a', list: [1, { b: null }] } }
    const { values } = await runPython({ source, job, inputs: one })
    expect(values).toEqual([[['job', 'rawJson'], { BUCKET_COLUMN: 'a', list: [1, { b: null }] }, 'j']])
  })

  it.each([
    ['defaults: begin and action', 'def begin():\n    global a\n    a = 5\ndef action(x): return a', 5],
    [
      'an init that yields runs to its end',
      'def begin():\n    global a\n    yield\n    a = 6\ndef action(x): return a',
      6,
    ],
    ['no init at all', 'def action(x): return x', 1],
    [
      'an annotation without a blank, both prefixes in one file',
      '#modelop.slot.0:in-use\n# fastscore.schema.1: x\n#modelop.score\ndef any_name(x): return 2\ndef action(x): return 3',
      2,
    ],
    ['annotations in capitals', '# ModelOp.Score\ndef any_name(x): return 2\ndef action(x): return 3', 2],
    ['a commented-out annotation does not count', '# # modelop.score\ndef no(x): return 2\ndef action(x): return 3', 3],
    [
      'an indented annotation does not count',
      'if True:\n    # modelop.score\n    def no(x): return 2\ndef action(x): return 3',
      3,
    ],
    [
      'a sentence about an annotation does not count',
      '# modelop.score is above\ndef no(x): return 2\ndef action(x): return 3',
      3,
    ],
    ['role tags need the prefix modelop', '# fastscore.score\ndef no(x): return 2\ndef action(x): return 3', 3],
    [
      'blank lines, comments and decorators may stand between',
      'def same(f): return f\n# modelop.score\n\n# what it does\n@same\ndef f(x): return 2',
      2,
    ],
    [
      'the first annotation of a role wins',
      '# modelop.score\ndef f(x): return 2\n# modelop.score\ndef g(x): return 3',
      2,
    ],
    [
      'unknown tags are ignored',
      '# modelop.module-attached: numpy\n# modelop.whatever.$all: 1\n# modelop.score\ndef f(x): return 2',
      2,
    ],
  ])('%s', async (_title, source, expected) => {
    const { values, failed } = await runPython({ source, inputs: one })
    expect(failed).toBeUndefined()
    expect(values).toEqual([expected])
  })

  it('names given in the asset win over annotations', async () => {
    const source =
      '# modelop.init\ndef begin(): raise ValueError\n# modelop.score\ndef f(x): return "annotated"\ndef conditional_begin(): pass\ndef g(x): return "explicit"\n'
    const functions = { init: 'conditional_begin', score: 'g', metrics: null, train: null }
    const { values } = await runPython({ source, plan: { functions }, inputs: one })
    expect(values).toEqual(['explicit'])
  })

  it('annotations in helper files do not count', async () => {
    const files = { 'helper.py': '# modelop.init\ndef two(a, b): raise ValueError\n' }
    const { values } = await runPython({ source: 'import helper\ndef action(x): return x', files, inputs: one })
    expect(values).toEqual([1])
  })

  it('a missing function says what to do and what there is', async () => {
    const { failed } = await runPython({ source: 'import os\ndef predict(x): pass\ndef other(): pass', inputs: one })
    expect(failed).toMatchObject({
      phase: 'load',
      error:
        "source.py has no score function: put `# modelop.score` on the line above one, or call it 'action'; it defines: predict, other",
    })
  })

  it('a name in the asset that is not defined is an error; `begin` without a definition is none', async () => {
    const run = (init: string, score: string) =>
      runPython({
        source: 'def action(x): return x',
        plan: { functions: { init, score, metrics: null, train: null } },
        inputs: one,
      })
    expect((await run('begin', 'action')).values).toEqual([1])
    expect((await run('begin', 'predict')).failed?.error).toContain("the asset names 'predict' as its score function")
  })
})

/** One entry of a tar archive. */
function tarFile(name: string, content: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\u000000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc(512 - (content.length % 512))])
}
