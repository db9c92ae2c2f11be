/** What sources take for granted because Python gives it to every program: decorators, coroutines, worker processes, pickles, a proper end. */
import { gunzipSync } from 'node:zlib'
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

type Row = [title: string, given: Given, output: string]

async function gives(given: Given, output: string): Promise<void> {
  const ended = await runtime.run(given)
  expect(ended, ended.messages.join('\n')).toMatchObject({ ...success, output })
}

describe('functions', () => {
  const wrapping = (inner: string, call: string) =>
    `import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(${inner}):\n        return f(${call})\n    return inner\n`
  const table: Row[] = [
    [
      'a decorator that adds an argument: the wrapper says what it is called with',
      {
        files: {
          'model.py': `${wrapping('datum', 'datum, 100')}# modelop.score\n@deco\ndef f(datum, base):\n    return datum + base\n`,
        },
        inputs: numbers,
      },
      '101\n102\n',
    ],
    [
      'a decorator that adds the argument of init',
      {
        files: {
          'model.py': `${wrapping('', '7')}# modelop.init\n@deco\ndef i(n):\n    global k\n    k = n\n# modelop.score\ndef f(datum):\n    return datum + k\n`,
        },
        inputs: numbers,
      },
      '8\n9\n',
    ],
    [
      'a decorator that takes anything: the function below it says what it is called with',
      {
        files: {
          'model.py': `${wrapping('*args, **kw', '*args, **kw')}# modelop.score\n@deco\ndef f(datum, slot, seqno):\n    return [datum, slot, seqno]\n`,
        },
        inputs: numbers,
      },
      '[1,0,1]\n[2,0,2]\n',
    ],
    [
      'wrappers that take anything and do not say what they wrap',
      {
        files: {
          'model.py':
            'n = []\ndef logged(f):\n    def inner(*args, **kw):\n        n.append(1)\n        return f(*args, **kw)\n    return inner\n# modelop.init\n@logged\n@logged\ndef i():\n    global k\n    k = 7\n# modelop.score\n@logged\ndef f(datum, slot):\n    return [datum + k, slot, len(n)]\n',
        },
        inputs: numbers,
      },
      '[8,0,3]\n[9,0,4]\n',
    ],
    [
      'coroutines behind wrappers, partials and objects; one that was waited for already',
      {
        files: {
          'model.py':
            'import asyncio, functools\ndef silent(f):\n    def inner(*a, **k): return f(*a, **k)\n    return inner\ndef waits(f):\n    @functools.wraps(f)\n    def inner(*a): return asyncio.new_event_loop().run_until_complete(f(*a))\n    return inner\nclass Start:\n    async def __call__(self, job):\n        global k\n        k = len(job)\nbegin = Start()\nasync def add(n, d): return d + n + k\n# modelop.score\n@silent\nasync def f(d): return await add(0, d)\nfirst = functools.partial(add, 10)\n@waits\nasync def other(d): return d\n# fastscore.action.2: first\n# fastscore.action.4: other\n',
        },
        inputs: { 'a.json': '1\n', 'b.json': '2\n', 'c.json': '3\n' },
      },
      '3\n14\n3\n',
    ],
    [
      'lines that end in CR alone',
      { files: { 'model.py': '# modelop.score\rdef f(datum):\r    return datum + 1\r' }, inputs: numbers },
      '2\n3\n',
    ],
    [
      'coroutines share one event loop, generators among them give each value',
      {
        files: {
          'model.py':
            'import asyncio\n# modelop.init\nasync def start(job):\n    global loop\n    loop = asyncio.get_running_loop()\n# modelop.score\nasync def f(datum, slot):\n    await asyncio.sleep(0)\n    yield datum + slot\n    yield loop is asyncio.get_running_loop()\n',
        },
        inputs: { 'a.json': '5\n' },
      },
      '5\ntrue\n',
    ],
    [
      'a coroutine returns one output, at the end too',
      {
        files: {
          'model.py':
            'async def action(datum):\n    return [datum] if datum > 1 else None\nasync def end():\n    return "last"\n',
        },
        inputs: numbers,
      },
      '[2]\n"last"\n',
    ],
    [
      'the record names the default init, the annotation another: the one that exists is called',
      {
        files: {
          'model.py':
            '# modelop.init\ndef conditional_begin():\n    global k\n    k = 5\ndef action(datum):\n    return k + datum\n',
        },
        named: { init: 'begin', score: 'action' },
        inputs: numbers,
      },
      '6\n7\n',
    ],
    [
      'callables of any kind under a default name',
      {
        files: {
          'model.py':
            'from functools import partial\nclass M:\n    def __init__(self, k):\n        self.k = k\n    def predict(self, extra, datum):\n        return datum * self.k + extra\naction = partial(M(10).predict, 1)\n',
        },
        inputs: numbers,
      },
      '11\n21\n',
    ],
    [
      'names in other scripts, however their characters are composed',
      {
        files: {
          'été.py':
            '# modelop.init\ndef de\u0301but():\n    global k\n    k = 5\n# modelop.score\ndef ﬁt(d):\n    return d + k\n',
        },
        inputs: numbers,
      },
      '6\n7\n',
    ],
    [
      'an annotation above a lambda and above a partial',
      {
        files: {
          'model.py':
            'from functools import partial\nk = []\n# modelop.init\nstart = partial(k.append, 7)\n# modelop.score\npredict = lambda d: d + k[0]\ndef action(d):\n    return 0\n',
        },
        inputs: numbers,
      },
      '8\n9\n',
    ],
    [
      'libraries find the spec and the files of the module `model`',
      {
        files: {
          'model.py3':
            'import importlib.util, pkgutil\ndef action(d):\n    return [importlib.util.find_spec(__name__).name, pkgutil.get_data(__name__, "x.txt").decode(), __spec__.origin == __file__]\n',
          'x.txt': 'X',
        },
        inputs: numbers,
        primary: 'model.py3',
      },
      '["model","X",true]\n["model","X",true]\n',
    ],
  ]

  it.each(table)('%s', (_title, given, output) => gives(given, output))

  it('what a coroutine raises is told at its record', async () => {
    const source = 'import asyncio\nasync def action(datum):\n    await asyncio.sleep(0)\n    return datum["amount"]\n'
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: { 'a.json': '{"amount":1}\n{}\n' } })
    expect(ended).toMatchObject({ jobStatus: 'ERROR', outcome: "raised KeyError 'amount' at record 2 (line 2)" })
  })
})

describe('names', () => {
  const square = 'def square(x): return x * x\n'
  const table: Row[] = [
    [
      'a process pool that starts afresh finds the functions of a source under any name',
      {
        files: {
          'src/scorer.py3': `import multiprocessing as mp\n${square}def action(datum):\n    with mp.get_context('spawn').Pool(1) as pool:\n        return pool.map(square, [datum, 3])\n`,
        },
        inputs: numbers,
      },
      '[1,9]\n[4,9]\n',
    ],
    [
      'joblib does so too',
      {
        files: {
          'scorer.py': `from joblib import Parallel, delayed\n${square}def action(datum):\n    return Parallel(n_jobs=2)(delayed(square)(i) for i in range(datum + 2))\n`,
        },
        science: true,
        inputs: { 'a.json': '1\n' },
      },
      '[0,1,4]\n',
    ],
    [
      'a pool that forks, left open',
      {
        files: {
          'scorer.py': `from concurrent.futures import ProcessPoolExecutor\n${square}pool = ProcessPoolExecutor(2)\ndef action(datum):\n    return list(pool.map(square, [datum, 3]))\n`,
        },
        inputs: numbers,
      },
      '[1,9]\n[4,9]\n',
    ],
    [
      'a pickle that was made where the source was `__main__`',
      {
        files: {
          'scorer.py':
            'import pickle\nclass Scaler:\n    def predict(self, x): return x * self.k\ndef begin():\n    global scaler\n    scaler = pickle.load(open("scaler.pkl", "rb"))\ndef action(datum):\n    return scaler.predict(datum)\n',
          // Protocol 0 of an instance of __main__.Scaler with k = 3.
          'scaler.pkl':
            'ccopy_reg\n_reconstructor\np0\n(c__main__\nScaler\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\nVk\np6\nI3\nsb.',
        },
        inputs: numbers,
      },
      '3\n6\n',
    ],
    [
      'a folder called model, without __init__.py',
      {
        files: {
          'scorer.py':
            'from model.net import v\nimport model\ndef action(datum):\n    return [v, model.net.v, __name__]\n',
          'model/net.py': 'from .deep import v\n',
          'model/deep.py': 'v = "net"\n',
        },
        primary: 'scorer.py',
        inputs: { 'a.json': '1\n' },
      },
      '["net","net","model"]\n',
    ],
  ]

  it.each(table)('%s', (_title, given, output) => gives(given, output))
})

describe('the end', () => {
  it('files that the model left open are whole', async () => {
    const source = [
      'import csv, gzip, zipfile',
      '# modelop.train',
      'def fit():',
      '    global text, packed, rows, archive',
      "    text = open('outputDir/a.txt', 'w'); text.write('A')",
      "    packed = gzip.open('outputDir/b.gz', 'wb'); packed.write(b'B')",
      "    rows = csv.writer(open('outputDir/c.csv', 'w', newline='')); rows.writerow([1, 2])",
      "    archive = zipfile.ZipFile('outputDir/d.zip', 'w'); archive.writestr('x', 'y')",
      '',
    ].join('\n')
    const ended = await runtime.run({ kind: 'train', files: { 'model.py': source }, inputs: {} })
    expect(ended).toMatchObject({ ...success, assets: { 'a.txt': 'A', 'c.csv': '1,2\r\n' } })
    expect(gunzipSync(ended.files['b.gz'] ?? '').toString()).toBe('B')
    expect(ended.assets['d.zip']).toContain('PK\u0005\u0006')
  })

  it('what is registered with atexit runs, also when the job has failed', async () => {
    const source = 'import atexit\natexit.register(print, "bye")\ndef action(datum):\n    return 1 / (2 - datum)\n'
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: { 'a.json': '1\n' } })
    expect(ended).toMatchObject({ ...success, console: ['bye'] })
    const failed = await runtime.run({ files: { 'model.py': source }, inputs: numbers })
    expect(failed).toMatchObject({ jobStatus: 'ERROR', outcome: expect.stringContaining('ZeroDivisionError') })
    expect(failed.console.at(-1)).toBe('bye')
  })

  it('processes and threads that are still at work are not waited for', async () => {
    const source = [
      // Runs last: whoever waited would not come to it.
      'import atexit; atexit.register(print, "bye")',
      'import multiprocessing, subprocess, threading, time',
      'def begin():',
      '    subprocess.Popen(["sleep", "3600"])',
      '    multiprocessing.Process(target=time.sleep, args=(3600,)).start()',
      '    threading.Thread(target=time.sleep, args=(3600,)).start()',
      'def action(datum):',
      '    return datum',
      '',
    ].join('\n')
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: numbers })
    expect(ended).toMatchObject({ ...success, output: '1\n2\n', console: ['bye'] })
  })
})

describe('a process that the model forks itself', () => {
  const forks = (child: string) =>
    `import os, sys\ndef action(datum):\n    child = os.fork()\n    if child == 0:\n        ${child}\n    return [datum, os.waitpid(child, 0)[1] >> 8]\n`
  it.each([
    ['by sys.exit', 'sys.exit(3)', '[1,3]\n[2,3]\n'],
    ['by sys.exit without a code', 'sys.exit()', '[1,0]\n[2,0]\n'],
    ['by an exception', 'raise KeyError(datum)', '[1,1]\n[2,1]\n'],
    ['by coming back as if it were the model', 'return "rubbish"', '[1,0]\n[2,0]\n'],
  ])('may end %s: that is no end of the job, and no record is lost or written twice', async (_how, child, output) => {
    await gives({ files: { 'model.py': forks(child) }, inputs: numbers }, output)
  })

  it('may reject its record: what the job has rejected stays told', async () => {
    const source = [
      'import os',
      'def action(datum):',
      '    global child, go',
      '    if datum == 1:',
      '        wait, go = os.pipe()',
      '        child = os.fork()',
      '        if child == 0:',
      '            os.read(wait, 1)',
      '            raise UserWarning("own")',
      '    if datum < 4:',
      '        raise UserWarning("x" * 4000)',
      '    os.write(go, b".")',
      '    return os.waitpid(child, 0)[1]',
      '',
    ].join('\n')
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: { 'a.json': '1\n2\n3\n4\n' } })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE', output: '0\n' })
    const rejected = ended.assets['rejects.jsonl']?.trimEnd().split('\n') ?? []
    expect(rejected.map((line) => JSON.parse(line).record)).toEqual([1, 2, 3])
  })

  it('says what it raised', async () => {
    const ended = await runtime.run({
      files: { 'model.py': forks('raise KeyError("own")') },
      inputs: { 'a.json': '1\n' },
    })
    expect(ended.console.at(-1)).toBe("KeyError: 'own'")
  })

  it('may do so in init', async () => {
    const source =
      'import os\ndef begin():\n    child = os.fork()\n    if child: os.waitpid(child, 0)\ndef action(datum):\n    return datum\n'
    await gives({ files: { 'model.py': source }, inputs: numbers }, '1\n2\n')
  })
})

describe('what a model says', () => {
  it('a message of several lines is one sentence in the outcome and in the reasons, and whole in the traceback', async () => {
    const source =
      "def action(datum):\n    raise (UserWarning if datum == 1 else ValueError)('2 problems:\\n  amount\\n  currency\\n')\n"
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: numbers })
    expect(ended.outcome).toBe('raised ValueError: 2 problems: amount currency at record 2 (line 2)')
    expect(ended.messages).toEqual(
      expect.arrayContaining([
        '[warning] MODEL-CONSOLE: UserWarning: 2 problems: amount currency',
        '[error] Model source error: ValueError: 2 problems: amount currency',
        '[error] MODEL-CONSOLE: ValueError: 2 problems:',
        '[error] MODEL-CONSOLE:   currency',
      ]),
    )
    expect(ended.messages.filter((line) => line.includes('\n'))).toEqual([])
  })

  it('lines of the traceback are counted as Python counts them', async () => {
    const source = 'X = "a\u2028b\u0085c"\n\fdef action(d):\n    raise ValueError("third")\n# fourth\n'
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: numbers })
    expect(ended.messages).toContain('[error] MODEL-CONSOLE:   File "model.py", line 3, in action')
    expect(ended.messages).toContain('[error] MODEL-CONSOLE:     raise ValueError("third")')
  })

  it.each(['out.json', 'out.csv'])('an output whose own class fails when %s is written is rejected', async (name) => {
    const source =
      'class Lazy(dict):\n    def items(self):\n        raise LookupError("connection lost")\n    __iter__ = items\ndef action(datum):\n    return {"a": datum if datum == 1 else Lazy(b=2)}\n'
    const ended = await runtime.run({ files: { 'model.py': source }, inputs: numbers, outputs: [name] })
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
    expect(ended.output).toBe(name === 'out.csv' ? 'a\n1\n' : '{"a":1}\n')
    expect(ended.messages.join('\n')).toContain('the value cannot be written: LookupError: connection lost')
  })

  it.each<[string, string]>([
    ['json.dumps that indents', 'import functools, json\njson.dumps = functools.partial(json.dumps, indent=2)'],
    [
      'a json.loads that is no function',
      'import json\njson.loads = None\ndef begin(given): print(given["job"]["jobType"])',
    ],
    ['an open of its own', 'import builtins\ndef refuse(*given, **named): raise OSError("no")\nbuiltins.open = refuse'],
    ['no console at all', 'import sys\nsys.stdout = sys.stderr = None'],
    ['a closed console', 'import sys\nsys.stdout.close()\nsys.stderr.close()'],
  ])('%s in the place of the real one is the model’s own affair', async (_title, code) => {
    const source = `${code}\ndef action(d):\n    yield d\n    yield (3, d)\n`
    await gives({ files: { 'model.py': source }, inputs: numbers }, '1\n2\n')
  })
})
