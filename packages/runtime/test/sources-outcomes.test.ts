/** Section by section what ends a job how: jobStatus, jobResult, the output that is left, and the lines of the log. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RuntimeFixture } from './agent-fixture.ts'
import { type Ended, type Given, startSources } from './sources-fixture.ts'

let runtime: RuntimeFixture & { run(given: Given): Promise<Ended> }
beforeAll(async () => {
  runtime = await startSources()
})
afterAll(() => runtime.close())

const one = { 'a.json': '1\n' }
const checked = { enableInputSchemaChecking: true, enableOutputSchemaChecking: true }
const rejections = (input: string, job: Record<string, unknown> = {}): Given => ({
  folder: 'rejection_by_schema_and_encoding',
  inputs: [input],
  job,
})

interface Expected {
  result: 'SUCCESS' | 'FAILURE'
  output: string
  /** Lines of the log, in this order. */
  log: (string | RegExp)[]
}
type Row = [title: string, given: Given, expected: Expected]

const failureBy = (what: string) => `[warning] jobResult set to failure: "${what} record rejected by`
const modelFailure =
  '[warning] jobResult set to failure: "An output error occurred during model execution, please check the engine logs for details"'

describe('COMPLETE', () => {
  const table: Row[] = [
    [
      'all fine, with checks on; a further field passes, an integer passes for double',
      rejections('good.json', checked),
      {
        result: 'SUCCESS',
        output: '{"y":0.5}\n{"y":0.25}\n',
        log: [
          '[info] state changes to RUNNING',
          '[info] init succeeded',
          '[info] state changes to FINISHING',
          '[info] state changes to FINISHED',
          '[info] Records in/out: 2/2',
          'batch job complete',
        ],
      },
    ],
    [
      'input that is no JSON',
      rejections('bad_encoding.json'),
      {
        result: 'FAILURE',
        output: '{"y":0.5}\n{"y":0.2}\n',
        log: [
          /^\[warning\] Record rejected by encoding with reason \{.*\} \(input record 2, line 2\)$/,
          /^\[warning\] Record rejected by encoding with reason \{.*\} \(input record 3, line 3\)$/,
          '[warning] 2 input record(s) rejected by encoding',
          `${failureBy('input')} encoding"`,
          '[info] Records in/out: 4/2',
          'batch job complete',
        ],
      },
    ],
    [
      'input that does not fit the schema: a missing field, a wrong type, with values masked',
      rejections('bad_schema.json', checked),
      {
        result: 'FAILURE',
        output: '{"y":0.5}\n{"y":0.2}\n',
        log: [
          "[warning] Record rejected by schema: Field 'x' missing in ********** (input record 2, line 2)",
          "[warning] Record rejected by schema: Field 'x' is not double: ********** (input record 3, line 3)",
          '[warning] 2 input record(s) rejected by schema',
          `${failureBy('input')} schema"`,
        ],
      },
    ],
    [
      'an output of NaN',
      rejections('bad_output.json'),
      {
        result: 'FAILURE',
        output: '{"y":0.5}\n{"y":0.2}\n',
        log: [
          /rejected by encoding with reason \{y is NaN/,
          '[warning] 1 output record(s) rejected by encoding',
          `${failureBy('output')} encoding"`,
        ],
      },
    ],
    [
      'an output that does not fit the schema',
      rejections('bad_output_schema.json', checked),
      {
        result: 'FAILURE',
        output: '{"y":0.5}\n{"y":0.2}\n',
        log: [
          "[warning] Record rejected by schema: Field 'y' missing in ********** (output record 2, line 2)",
          '[warning] 1 output record(s) rejected by schema',
          `${failureBy('output')} schema"`,
        ],
      },
    ],
    [
      'the same with checks off passes',
      rejections('bad_output_schema.json'),
      { result: 'SUCCESS', output: '{"y":0.5}\n{"z":"no y in here"}\n{"y":0.2}\n', log: ['batch job complete'] },
    ],
    [
      'infinity, and a value that JSON has no form for',
      {
        files: { 'm.py': 'def action(x):\n    yield [x, float("-inf")]\n    yield {"a": {x}}\n    yield x\n' },
        inputs: one,
      },
      { result: 'FAILURE', output: '1\n', log: ['[warning] 2 output record(s) rejected by encoding'] },
    ],
    [
      'reciprocal: a raised UserWarning and a warned one lose their records',
      { folder: 'reciprocal', inputs: ['with_warnings.json'] },
      {
        result: 'FAILURE',
        output: '1.0\n0.25\n',
        log: [
          /^\[warning\] MODEL-CONSOLE: An error occured when processing the model: one hundred is not welcome/,
          '[warning] MODEL-CONSOLE: UserWarning: one hundred is not welcome',
          /^\[warning\] MODEL-CONSOLE: An error occured when processing the model: two hundred is doubtful/,
          '[warning] MODEL-CONSOLE: UserWarning: two hundred is doubtful',
          modelFailure,
          '[info] Records in/out: 4/2',
          'batch job complete',
        ],
      },
    ],
    [
      'outputs before the UserWarning stay',
      { files: { 'm.py': 'def action(x):\n    yield x\n    raise UserWarning("half")\n' }, inputs: one },
      { result: 'FAILURE', output: '1\n', log: ['[warning] MODEL-CONSOLE: UserWarning: half', modelFailure] },
    ],
    [
      "warning-model: a library's UserWarning, and one of the model's own in init, lose nothing",
      { folder: 'warning-model', primary: 'warning_model.py' },
      {
        result: 'SUCCESS',
        output: '1\n2\n',
        log: [/UserWarning: Trying to unpickle/, /UserWarning: about the model itself/, /UserWarning: X does not have/],
      },
    ],
    [
      'another kind of warning is only a warning',
      {
        files: {
          'm.py':
            'import warnings\ndef action(x):\n    warnings.warn("old", DeprecationWarning)\n    warnings.warn("later", FutureWarning)\n    yield x\n',
        },
        inputs: one,
      },
      { result: 'SUCCESS', output: '1\n', log: [/FutureWarning: later/] },
    ],
    [
      'print-it: what is printed and logged, line by line',
      { folder: 'print-it', inputs: ['a.json'] },
      {
        result: 'SUCCESS',
        output: '{"a":1}\n{"a":2}\n',
        log: [
          '[info] MODEL-CONSOLE: at import',
          "[info] MODEL-CONSOLE: begin: ['job', 'rawJson']",
          "[info] MODEL-CONSOLE: score: {'a': 1}",
        ],
      },
    ],
    [
      // events and console are two streams: their order to each other is not kept
      'the end of init is told',
      { folder: 'print-it', inputs: ['a.json'] },
      { result: 'SUCCESS', output: '{"a":1}\n{"a":2}\n', log: ['[info] init succeeded'] },
    ],
    [
      'logging says the name of the module',
      { folder: 'print-it', inputs: ['a.json'] },
      { result: 'SUCCESS', output: '{"a":1}\n{"a":2}\n', log: ['[info] MODEL-CONSOLE: WARNING:model:careful'] },
    ],
    [
      'array_of_records: items of arrays are checked; null passes a union with null',
      { folder: 'array_of_records', inputs: ['lines.json'], job: checked },
      {
        result: 'FAILURE',
        output: '[{"name":"a","n":1}]\n[]\n',
        log: [
          "[warning] Record rejected by schema: Field '[1].age' is not one of null, int: ********** (input record 2, line 2)",
        ],
      },
    ],
    [
      'nested_folders_test: schemas in a sub-folder, scalar records',
      { folder: 'nested_folders_test', primary: 'nested.py', inputs: ['input.json'], job: checked },
      {
        result: 'FAILURE',
        output: '{"out":3,"prompt":"hello","one":1}\n{"out":9,"prompt":"hello","one":1}\n',
        log: [],
      },
    ],
    [
      'echo: a scalar schema is the whole file',
      { folder: 'echo', inputs: ['input.json'], job: { enableInputSchemaChecking: true } },
      { result: 'FAILURE', output: '5\n2.5\n', log: ['[warning] 5 input record(s) rejected by schema'] },
    ],
  ]
  it.each(table)('%s', async (_title, given, { result, output, log }) => {
    const ended = await runtime.run(given)
    expect(ended.messages.join('\n')).toContain('batch job')
    expect(ended).toMatchObject({ jobStatus: 'COMPLETE', jobResult: result, output })
    const at = log.map((line) =>
      ended.messages.findIndex((message) => (typeof line === 'string' ? message === line : line.test(message))),
    )
    expect(at, ended.messages.join('\n')).not.toContain(-1)
    expect(at).toEqual([...at].sort((a, b) => a - b))
  })
})

describe('stopOnBadRecords', () => {
  it.each([
    ['bad_encoding.json', {}],
    ['bad_schema.json', checked],
    ['bad_output.json', {}],
  ])('ends the job at the first bad record of %s', async (input, flags) => {
    const ended = await runtime.run(rejections(input, { ...flags, stopOnBadRecords: true }))
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outputs: [] })
    expect(ended.outcome).toContain('stopOnBadRecords')
  })

  it('as a UserWarning too; with false the job goes on', async () => {
    const given = (flag: boolean): Given => ({
      folder: 'reciprocal',
      inputs: ['with_warnings.json'],
      job: { stopOnBadRecords: flag },
    })
    expect(await runtime.run(given(true))).toMatchObject({ jobStatus: 'ERROR' })
    expect(await runtime.run(given(false))).toMatchObject({ jobStatus: 'COMPLETE', jobResult: 'FAILURE' })
  })
})

describe('ERROR', () => {
  const table: [string, Given, (string | RegExp)[]][] = [
    [
      'reciprocal: a ZeroDivisionError ends the runner, with its traceback and the record',
      { folder: 'reciprocal', inputs: ['with_zero.json'] },
      [
        '[error] MODEL-CONSOLE: Traceback (most recent call last):',
        /^\[error\] MODEL-CONSOLE: {3}File ".*reciprocal.*", line 9, in reciprocal$/,
        '[error] MODEL-CONSOLE: ZeroDivisionError: division by zero',
        '[error] Model source error: ZeroDivisionError: division by zero',
        '[error] runner exits prematurely (exit status = 1)',
        /^\[error\] last input record :: /,
        '[error] model error after init',
        '[info] state changes to ERROR',
        'batch job failed',
      ],
    ],
    [
      'an exception in init',
      { files: { 'm.py': '# modelop.init\ndef i(): {}["x"]\ndef action(x): yield x' }, inputs: one },
      ["[error] Model source error: KeyError: 'x'", 'batch job failed'],
    ],
    [
      'a UserWarning raised in init',
      { files: { 'm.py': '# modelop.init\ndef i(): raise UserWarning("no")\ndef action(x): yield x' }, inputs: one },
      ['[error] Model source error: UserWarning: no'],
    ],
    [
      'an exception at import',
      { files: { 'm.py': 'import not_there_at_all\ndef action(x): yield x' }, inputs: one },
      [/No module named 'not_there_at_all'/],
    ],
    ['a syntax error', { files: { 'm.py': 'def action(x) yield x' }, inputs: one }, [/SyntaxError/]],
    [
      'the vendor monitors, which nobody has',
      { files: { 'm.py': 'import modelop.monitors.drift as drift\ndef action(x): yield x' }, inputs: one },
      [/ModuleNotFoundError/],
    ],
    ['sys.exit in score', { files: { 'm.py': 'import sys\ndef action(x): sys.exit(0)' }, inputs: one }, [/SystemExit/]],
    [
      'os._exit(0) in score',
      { files: { 'm.py': 'import os\ndef action(x): os._exit(0)' }, inputs: one },
      ['[error] runner exits prematurely (exit status = 0)'],
    ],
    [
      'a killed process',
      { files: { 'm.py': 'import os\ndef action(x): os.kill(os.getpid(), 9)' }, inputs: one },
      [/killed by signal 9/],
    ],
    [
      'score with too few inputs for its parameters',
      { files: { 'm.py': 'def action(a, b, c, d): yield a' }, inputs: one },
      [/TypeError/],
    ],
    [
      'a generator that fails half way',
      { files: { 'm.py': 'def action(x):\n    yield x\n    yield 1 / 0' }, inputs: one },
      [/ZeroDivisionError/],
    ],
  ]
  it.each(table)('%s', async (_title, given, log) => {
    const ended = await runtime.run(given)
    expect(ended).toMatchObject({ jobStatus: 'ERROR', jobResult: 'UNKNOWN', outputs: [] })
    const at = log.map((line) =>
      ended.messages.findIndex((message) => (typeof line === 'string' ? message === line : line.test(message))),
    )
    expect(at, ended.messages.join('\n')).not.toContain(-1)
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(ended.messages.at(-1)).toBe('batch job failed')
  })
})
