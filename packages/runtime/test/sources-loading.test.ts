/** How sources of public repositories are loaded, and which of their functions are called with what. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, embeddedFile, type Given, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  runtime = await startSources()
})
afterAll(() => runtime.close())

const complete = { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' }
const one = { 'a.json': '1\n' }
const echo = '# modelop.score\ndef f(x):\n    yield x\n'

type Row = [title: string, given: Given, output: string]

describe('the folder and the module', () => {
  const table: Row[] = [
    [
      'nested_folders_test: artefacts in sub-folders, a package with relative imports',
      { folder: 'nested_folders_test', primary: 'nested.py', inputs: { 'a.json': '1\n3\n' } },
      '{"out":3,"prompt":"hello","one":1}\n{"out":9,"prompt":"hello","one":1}\n',
    ],
    [
      'monitor_shell: the source in a sub-folder finds the modules beside it and at the top',
      { folder: 'monitor_shell', primary: 'src/monitor.py' },
      '[10,4,"beside the source","at the top",true]\n',
    ],
    [
      'test_name_conflict: code.py as the source, inspect.py, string.py and json.py beside it',
      { folder: 'test_name_conflict', primary: 'code.py' },
      '{"name":"model","json":"[1]","digits":"0123456789","dump":"json"}\n',
    ],
    [
      'a sibling called model.py is imported, not the source itself',
      { folder: 'sibling-model', primary: 'monitor.py' },
      '{"value":2,"name":"model","other":"model","path":"model.py"}\n',
    ],
    [
      'a sibling package called model is imported, also within functions',
      {
        files: {
          'run.py': 'def action(x):\n    from model.layers import f\n    import model\n    return [f(x), model.N]\n',
          'model/__init__.py': 'N = 7\n',
          'model/layers.py': 'from . import N\ndef f(x): return x + N\n',
        },
        primary: 'run.py',
        inputs: one,
      },
      '[8,7]\n',
    ],
    [
      'a source called model.py may import itself by name, and pickles of its classes load',
      {
        files: {
          'model.py':
            'import pickle, sys\nclass Thing:\n    n = 4\ndef action(x):\n    import model\n    again = pickle.loads(pickle.dumps(Thing()))\n    return [model is sys.modules[__name__], again.n, type(again) is Thing]\n',
        },
        inputs: one,
      },
      '[true,4,true]\n',
    ],
    [
      'pickled-archive: a .tar.gz attachment is unpacked, its contents directly usable',
      { folder: 'pickled-archive', primary: 'lr.py' },
      '{"a":2.5,"words":["one","two"]}\n',
    ],
    [
      'python-test-model: CRLF line ends, tabs, no final newline',
      {
        files: {
          'python_test_model.py3':
            '#modelop.init\r\ndef begin():\r\n\tglobal n\r\n\tn = 5\r\n\r\n#modelop.score \r\ndef predict(x):\r\n\tif x:\r\n\t\tyield x + n',
        },
        inputs: one,
      },
      '6\n',
    ],
    [
      '`from __future__` and non-ASCII comments',
      {
        files: {
          'm.py':
            '# ünïcödé — комментарий\nfrom __future__ import annotations, division\n# modelop.score\ndef f(x: Späti) -> "nothing":\n    yield {"ä": 1 / 2}\n',
        },
        inputs: one,
      },
      '{"ä":0.5}\n',
    ],
    [
      'a source that declares another encoding than the text it comes as',
      { files: { 'm.py': '# -*- coding: latin-1 -*-\ndef action(x): return "é"\n' }, inputs: one },
      '"é"\n',
    ],
    [
      'every asset is there: data, rules, README, .gitignore, the job, outputDir',
      {
        files: {
          'm.py':
            'import json, os\ndef action(x):\n    job = json.load(open("__moc_runtime/model_definition.job.json"))\n    yield [sorted(os.listdir(".")), job["jobType"], os.listdir("outputDir"), open("__moc_runtime/required_libraries_filenames.txt").read()]\n',
          'README.md': '#',
          '.gitignore': 'x',
          'rules.dmn': '<definitions/>',
          'empty.csv': '',
        },
        inputs: one,
      },
      '[[".gitignore","README.md","__moc_runtime","empty.csv","m.py","outputDir","rules.dmn"],"MODEL_BATCH_JOB",[],""]\n',
    ],
    [
      'externalKPI: additional assets lie beside the source',
      {
        files: { 'm.py': 'import json\ndef action(x): yield json.load(open("./external_kpi.json"))["kpi"]' },
        inputs: one,
        job: { additionalAssets: [embeddedFile('external_kpi.json', '{"kpi": 3}')] },
      },
      '3\n',
    ],
    [
      'requirements.txt: comments, blanks and the vendor packages alone need nothing',
      {
        files: {
          'm.py': `import modelop.utils, modelop.schema.infer, modelop_sdk\n${echo}`,
          'requirements.txt': '# none\n\nmodelop\nmodelop-sdk>=1.0 # not on an index\n  modelop_sdk\n',
        },
        inputs: one,
      },
      '1\n',
    ],
    ['requirements.txt: empty', { files: { 'm.py': echo, 'requirements.txt': '' }, inputs: one }, '1\n'],
    [
      'a type of UNKNOWN or PYTHON3 goes by the source',
      { files: { 'm.py3': echo }, inputs: one, modelMetaData: { type: 'UNKNOWN' } },
      '1\n',
    ],
  ]
  it.each(table)('%s', async (_title, given, output) => {
    const ended = await runtime.run(given)
    expect(ended).toMatchObject(complete)
    expect(ended.output).toBe(output)
  })

  it('a requirement that no index has ends the job with the words of pip', async () => {
    const files = { 'm.py': echo, 'requirements.txt': 'numpy==0.0.0.1 # never was\n' }
    const ended = await runtime.run({ files, inputs: one })
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(ended.outcome).toMatch(/requirements\.txt cannot be installed: .*numpy==0\.0\.0\.1/)
    expect(ended.messages.join('\n')).toContain(
      '(pre) MODEL-CONSOLE: About to install reqs from file: requirements.txt',
    )
  })

  it('files of the vendor image and of HDFS are missing: ERROR in init', async () => {
    const source = `# modelop.init\ndef begin():\n    open("/fastscore/artifacts/model.pkl")\n${echo}`
    const ended = await runtime.run({ files: { 'm.py': source }, inputs: one })
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outputs: [] })
    expect(ended.outcome).toContain('FileNotFoundError')
  })
})

describe('init', () => {
  const told = (body: string) =>
    `import json\n# modelop.init\ndef i(p):\n    global v\n    ${body}\n# modelop.score\ndef s(x): yield v\n`
  const table: Row[] = [
    [
      'rawJson and job, in this order',
      { files: { 'm.py': told('v = list(p.keys())') }, inputs: one },
      '["rawJson","job"]\n',
    ],
    [
      'rawJson is text, job the same parsed',
      {
        files: { 'm.py': told('v = [type(p["rawJson"]).__name__, json.loads(p["rawJson"]) == p["job"]]') },
        inputs: one,
      },
      '["str",true]\n',
    ],
    [
      'jobParameters of any JSON type',
      {
        files: { 'm.py': told('v = json.loads(p["rawJson"])["jobParameters"]') },
        inputs: one,
        job: {
          jobParameters: {
            BUCKET_COLUMN: 'b',
            ksThreshold: 0.1,
            version: 3,
            list: [1, [null]],
            o: { a: true },
            n: null,
          },
        },
      },
      '{"BUCKET_COLUMN":"b","ksThreshold":0.1,"version":3,"list":[1,[null]],"o":{"a":true},"n":null}\n',
    ],
    [
      'the model itself where there is no reference model',
      {
        files: {
          'm.py': told(
            'job = json.loads(p["rawJson"]); v = [f["name"] for f in job.get("referenceModel", job["model"])["storedModel"]["modelMetaData"]["inputSchema"][0]["schemaDefinition"]["fields"]]',
          ),
        },
        inputs: one,
        modelMetaData: {
          inputSchema: [
            { name: 'i', schemaDefinition: { type: 'record', name: 'r', fields: [{ name: 'x', type: 'int' }] } },
          ],
        },
      },
      '["x"]\n',
    ],
    [
      'members that a job leaves out are there all the same, and every asset has tags',
      {
        files: {
          'm.py': told(
            'job = p["job"]; v = [job["jobParameters"], job["additionalAssets"], [a["metaData"]["tags"] for a in job["inputData"]], [a["metaData"]["tags"] for a in job["referenceModel"]["storedModel"]["modelAssets"]]]',
          ),
        },
        inputs: one,
        job: {
          jobParameters: undefined,
          additionalAssets: undefined,
          referenceModel: { storedModel: { modelAssets: [{ name: 'a.csv', assetType: 'FILE' }] } },
          inputData: [{ ...embeddedFile('a.json', '1'), metaData: undefined }],
        },
      },
      '[{},[],[[]],[[]]]\n',
    ],
    [
      'a parameter with a default gets it too',
      { files: { 'm.py': told('v = 1').replace('(p)', '(p=None)').replace('v = 1', 'v = p is None') }, inputs: one },
      'false\n',
    ],
    [
      'a parameter of any name and type',
      {
        files: {
          'm.py': told('v = len(p)')
            .replace(/\bp\b/g, 'job_json')
            .replace('(job_json)', '(job_json: str)')
            .replace('len(job_json: str)', 'len(job_json)'),
        },
        inputs: one,
      },
      '2\n',
    ],
    [
      'what it returns is ignored',
      { files: { 'm.py': `# modelop.init\ndef i(): return {"a": object()}\n${echo}` }, inputs: one },
      '1\n',
    ],
    ['no init at all', { files: { 'm.py': echo }, inputs: one }, '1\n'],
  ]
  it.each(table)('%s', async (_title, given, output) => {
    const ended = await runtime.run(given)
    expect(ended).toMatchObject(complete)
    expect(ended.output).toBe(output)
  })
})

describe('which function', () => {
  const three = '\ndef helper(x): return "helper"\ndef action(x): return "action"\ndef other(x): return "other"\n'
  const table: [string, string, Given['named'], string][] = [
    ['the default name', three, {}, 'action'],
    ['the explicit name before the annotation', `# modelop.score${three}`, { score: 'other' }, 'other'],
    ['the explicit name without annotation', three, { score: 'other' }, 'other'],
    ['an annotation of the function below', `# modelop.score${three}`, {}, 'helper'],
    ['an annotation without blank', `#modelop.score${three}`, {}, 'helper'],
    ['an annotation with trailing blanks and CR', `# modelop.score  \r${three}`, {}, 'helper'],
    ['an annotation in the spelling of the manual', `# ModelOp.Score${three}`, {}, 'helper'],
    [
      'an annotation with words and blank lines before the function',
      `# modelop.score\n\n# words\nX = 1\n@staticmethod${three}`,
      {},
      'helper',
    ],
    ['not a commented-out annotation', `# # modelop.score${three}`, {}, 'action'],
    ['not an annotation with words behind it', `# modelop.score is below${three}`, {}, 'action'],
    ['not an indented annotation', `if True:\n    # modelop.score\n    pass${three}`, {}, 'action'],
    ['not an annotation with the old prefix', `# fastscore.score${three}`, {}, 'action'],
    [
      'both prefixes in one file',
      `# fastscore.schema.0: x\n# modelop.schema.1: y\n# modelop.score${three}`,
      {},
      'helper',
    ],
    [
      'the first of two annotations',
      `# modelop.score${three}# modelop.score\ndef last(x): return "last"\n`,
      {},
      'helper',
    ],
    ['beside unknown tags', `# modelop.nothing.$all: x\n#modelop.slot.0:in-use\n# modelop.score${three}`, {}, 'helper'],
    [
      'the function of a slot, action switched off',
      `# modelop.action.0: other\n# modelop.action.1: unused${three}`,
      {},
      'other',
    ],
  ]
  it.each(table)('%s', async (_title, source, named, expected) => {
    const ended = await runtime.run({ files: { 'm.py': source }, inputs: one, ...(named && { named }) })
    expect(ended).toMatchObject({ ...complete, output: `"${expected}"\n` })
  })

  it.each([
    ['score', 'def metrics(df): pass\n', 'm.py has no score function: put `# modelop.score`'],
    ['metrics', echo, 'm.py has no metrics function'],
    ['train', echo, 'm.py has no train function'],
  ] as const)('a missing %s is an error that says what to do', async (kind, source, says) => {
    const ended = await runtime.run({ files: { 'm.py': source }, inputs: one, kind })
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN' })
    expect(ended.outcome).toContain(says)
  })
})
