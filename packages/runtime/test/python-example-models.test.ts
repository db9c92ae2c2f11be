import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { python, pythonWithPandas, runPython } from './python-fixture.ts'

const models = fileURLToPath(new URL('../../../models', import.meta.url))
const sample = readFileSync(join(models, 'cc-fraud/sample.csv'), 'utf8')
const schemaOf = (model: string, name: string) => JSON.parse(readFileSync(join(models, model, name), 'utf8'))

const runCcFraud = (inputs: Record<string, string>, more: object = {}) =>
  runPython({ folder: join(models, 'cc-fraud'), source: 'cc_fraud.py', inputs, outputFormat: 'CSV', ...more })

describe('models/cc-fraud', () => {
  it('scores each transaction of its sample, and the scores tell transactions apart', async () => {
    const { output, finished } = await runCcFraud({ 'sample.csv': sample })
    const rows = output.trim().split('\n')
    expect(rows[0]).toBe('transaction_id,fraud_probability,is_suspicious')
    expect(finished).toMatchObject({ recordsIn: 300, recordsOut: 300 })
    const scores = rows.slice(1).map((row) => Number(row.split(',')[1]))
    expect(Math.min(...scores)).toBeLessThan(0.01)
    expect(Math.max(...scores)).toBeGreaterThan(0.5)
    expect(scores.every((score) => score === Number(score.toFixed(9)))).toBe(true)
  })

  it('its inputs and outputs are as its schemas say', async () => {
    const plan = {
      inputSchema: schemaOf('cc-fraud', 'input_schema.avsc'),
      outputSchema: schemaOf('cc-fraud', 'output_schema.avsc'),
      checkInputSchema: true,
      checkOutputSchema: true,
    }
    const types: Record<string, 'integer' | 'float' | 'boolean'> = {
      int: 'integer',
      double: 'float',
      boolean: 'boolean',
    }
    const columnTypes = plan.inputSchema.fields.map(
      ({ type }: { type: unknown }) => types[[type].flat().at(-1) as string] ?? 'string',
    )
    const { finished, rejects } = await runCcFraud({ 'sample.csv': sample }, { plan, columnTypes })
    expect(rejects).toEqual([])
    expect(finished).toMatchObject({ recordsOut: 300 })
  })

  it('scores the same over DataFrames', async () => {
    const { output } = await runCcFraud({ 'sample.csv': sample })
    const folder = join(models, 'cc-fraud-pandas')
    const frames = await runPython({
      folder,
      source: 'cc_fraud_pandas.py',
      inputs: { 'sample.csv': sample },
      outputFormat: 'CSV',
      interpreter: await pythonWithPandas(),
      plan: { recordsetRows: 128 },
    })
    expect(frames.failed).toBeUndefined()
    expect(frames.output).toBe(output)
  })

  it('train.py makes the weights that are there, and make_transactions.py the sample', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rowhouse-cc-fraud-'))
    try {
      cpSync(join(models, 'cc-fraud'), folder, { recursive: true })
      execFileSync(python, ['-B', 'train.py'], { cwd: folder })
      const made = execFileSync(python, ['-B', 'make_transactions.py', '--rows', '300', '--seed', '42'], {
        cwd: folder,
      })
      expect(readFileSync(join(folder, 'weights.json'), 'utf8')).toBe(
        readFileSync(join(models, 'cc-fraud/weights.json'), 'utf8'),
      )
      expect(made.toString()).toBe(sample)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('the pandas variant ships the same weights, schemas and sample', () => {
    for (const name of ['weights.json', 'input_schema.avsc', 'output_schema.avsc', 'sample.csv'])
      expect(readFileSync(join(models, 'cc-fraud-pandas', name), 'utf8')).toBe(
        readFileSync(join(models, 'cc-fraud', name), 'utf8'),
      )
  })
})

describe("stand-ins for the vendor's packages", () => {
  const schemaDefinition = {
    type: 'record',
    name: 'S',
    fields: [
      { name: 'id', type: 'string', role: 'identifier' },
      { name: 'age', type: ['null', 'int'], role: 'predictor', specialValues: [{ values: [-1], purpose: 'unknown' }] },
      { name: 'kind', type: 'string', role: 'predictor', dataClass: 'categorical', protectedClass: true },
      { name: 'when', type: 'string', role: 'prediction_date' },
      { name: 'noise', type: 'double', role: 'non-predictor', dataClass: 'numerical' },
      { name: 'label', type: 'int', role: 'label', dataClass: 'categorical', positiveClassLabel: 1 },
      { name: 'score', type: 'int', role: 'score', dataClass: 'categorical' },
    ],
  }
  const job = (definition: unknown) => ({
    referenceModel: { storedModel: { modelMetaData: { inputSchema: [{ schemaDefinition: definition }] } } },
    model: { storedModel: { modelMetaData: { inputSchema: [] } } },
  })
  const monitor = [
    'import modelop.schema.infer as infer',
    'import modelop.utils as utils',
    'logger = utils.configure_logger()',
    '# modelop.init',
    'def init(job_json):',
    '    global P',
    '    infer.validate_schema(job_json)',
    '    P = infer.set_monitoring_parameters(schema_json=infer.extract_input_schema(job_json), check_schema=True)',
    '    logger.info("columns: %d", len(P["predictors"]))',
    'def action(x):',
    '    yield P',
    '    yield utils.merge({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}, "d": 4})',
  ].join('\n')

  it('a monitor finds its columns in the extended schema', async () => {
    const { values, stderr, failed } = await runPython({
      source: monitor,
      job: job(schemaDefinition),
      inputs: { 'in.json': '1\n' },
    })
    expect(failed).toBeUndefined()
    expect(stderr).toEqual(['INFO:modelop:columns: 2'])
    expect(values[0]).toEqual({
      score_column: 'score',
      label_column: 'label',
      weight_column: null,
      date_column: 'when',
      numerical_columns: ['age'],
      categorical_columns: ['kind'],
      predictors: ['age', 'kind'],
      identifier_columns: ['id'],
      protected_classes: ['kind'],
      feature_dataclass: {
        id: 'categorical',
        age: 'numerical',
        kind: 'categorical',
        when: 'categorical',
        noise: 'numerical',
        label: 'categorical',
        score: 'categorical',
      },
      special_values: { age: [{ values: [-1], purpose: 'unknown' }] },
      positive_label: 1,
      output_type: 'categorical',
    })
    expect(values[1]).toEqual({ a: { b: 1, c: 3 }, d: 4 })
  })

  it('a schema without fields, or none, fails in init with what to do', async () => {
    const run = (definition: unknown) => runPython({ source: monitor, job: definition, inputs: { 'in.json': '1\n' } })
    expect((await run({ model: {} })).failed?.error).toContain('the model has no input schema: add an .avsc file')
    expect((await run(job('"string"'))).failed).toMatchObject({ phase: 'init' })
  })

  it('a part of the vendor that is not public is named when it is imported', async () => {
    const { failed } = await runPython({
      source: 'import modelop.monitors.drift as drift\ndef action(x): pass',
      inputs: { 'in.json': '1\n' },
    })
    expect(failed?.error).toContain("modelop.monitors is part of the vendor's image and not public")
  })

  it("a model's own package of that name wins", async () => {
    const { values } = await runPython({
      source: 'import modelop.utils\ndef action(x): yield modelop.utils.MINE',
      files: { 'modelop/__init__.py': '', 'modelop/utils.py': 'MINE = 1' },
      inputs: { 'in.json': '1\n' },
    })
    expect(values).toEqual([1])
  })
})
