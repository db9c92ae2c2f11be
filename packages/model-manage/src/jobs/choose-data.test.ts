import { Asset, RequiredAsset } from '@rowhouse/contract'
import { describe, expect, it } from 'vitest'
import { chooseData, type DataPlaces } from './choose-data.ts'
import { fillTemplates } from './templates.ts'

const file = (name: string, more: object = {}) => Asset.parse({ name, filename: name, assetType: 'FILE', ...more })
const url = (fileUrl: string) => Asset.parse({ assetType: 'EXTERNAL_FILE', fileUrl })
const required = (...all: object[]) => all.map((each) => RequiredAsset.parse(each))
const none = { inputData: [], outputData: [], additionalAssets: [] }
const places = (part: Partial<DataPlaces> = {}): DataPlaces => ({
  jobType: 'MODEL_BATCH_JOB',
  request: none,
  deployment: none,
  model: { modelMetaData: { name: 'cc fraud/2' }, modelAssets: [], requiredAssets: [] },
  ...part,
})
const failureOf = (part: Partial<DataPlaces>) => {
  try {
    chooseData(places(part))
  } catch (error) {
    return error as { code: string; message: string; data: Record<string, unknown> }
  }
  throw new Error('nothing failed')
}

describe("a job's input", () => {
  const inDeployment = { ...none, inputData: [url('file:///kept.csv')] }

  it('is what the request names, before all else', () => {
    const request = { ...none, inputData: [url('file:///asked.csv')] }
    expect(chooseData(places({ request, deployment: inDeployment })).input[0]).toMatchObject({
      asset: { fileUrl: 'file:///asked.csv' },
      from: 'inputData[0]',
    })
  })

  it('is else what the deployment keeps', () => {
    expect(chooseData(places({ deployment: inDeployment })).input[0]).toMatchObject({ from: 'deployment.inputData[0]' })
  })

  it("is else what the model requires, from the deployment's additional assets before the model's own", () => {
    const model = {
      modelAssets: [file('data.csv'), file('x.json')],
      requiredAssets: required({ usage: 'INPUT_ASSET', name: '.*\\.csv' }),
    }
    expect(chooseData(places({ model })).input[0]?.from).toBe('model.storedModel.modelAssets[0]')
    const deployment = { ...none, additionalAssets: [file('newer.csv')] }
    expect(chooseData(places({ model, deployment })).input[0]?.from).toBe('deployment.additionalAssets[0]')
  })

  it('may be several, in the order the model requires them', () => {
    const model = {
      modelAssets: [file('s.json', { assetRole: 'COMPARATOR_DATA' }), file('b.json', { assetRole: 'BASELINE_DATA' })],
      requiredAssets: required({ assetRole: 'BASELINE_DATA' }, { assetRole: 'COMPARATOR_DATA' }),
    }
    expect(chooseData(places({ model })).input.map((each) => each.asset.name)).toEqual(['b.json', 's.json'])
  })

  it('that is neither given nor found is an error that says which names were looked for', () => {
    const model = {
      modelAssets: [file('weights.json'), Asset.parse({ name: 'model.py', assetType: 'SOURCE_CODE' })],
      requiredAssets: required({ usage: 'INPUT_ASSET', name: '.*\\.csv' }),
    }
    const failure = failureOf({ model })
    expect(failure.code).toBe('InputNotFound')
    expect(failure.message).toContain("no asset at hand is named '.*\\.csv' (at hand: weights.json)")
    expect(failure.message).toContain('--input')
    expect(failureOf({ deployment: null }).message).toContain('requiredAssets name no INPUT_ASSET')
  })

  it('is not found by an expression that is none', () => {
    const model = { modelAssets: [file('a.csv')], requiredAssets: required({ name: '*.csv' }) }
    expect(failureOf({ model })).toMatchObject({
      code: 'InputNotFound',
      message: expect.stringContaining("named '*.csv' (which is no regular expression)"),
    })
  })

  it('by an expression that never ends is not waited for, however many names there are', () => {
    const named = (n: number) => file(`${'a'.repeat(40)}${n}`)
    const model = {
      modelAssets: Array.from({ length: 2_000 }, (_, n) => named(n)),
      requiredAssets: required(...Array.from({ length: 20 }, () => ({ name: '(a+)+b' }))),
    }
    expect(failureOf({ model }).code).toBe('InputNotFound')
  })

  it('is found whatever the case of its letters when the expression begins with (?i)', () => {
    const model = { modelAssets: [file('In.CSV')], requiredAssets: required({ name: '(?i)in\\.csv' }) }
    expect(chooseData(places({ model })).input[0]?.asset.name).toBe('In.CSV')
  })
})

describe("a job's output", () => {
  const request = { ...none, inputData: [url('https://h/in.csv?x=1')] }

  it('is named in the request, else kept with the deployment, else required by the model', () => {
    const deployment = { ...none, outputData: [url('file:///kept.csv')] }
    const model = {
      modelAssets: [file('out.csv')],
      requiredAssets: required({ usage: 'OUTPUT_ASSET', name: 'out.csv' }),
    }
    expect(
      chooseData(places({ request: { ...request, outputData: [url('file:///o')] }, deployment })).output[0]?.from,
    ).toBe('outputData[0]')
    expect(chooseData(places({ request, deployment, model })).output[0]?.from).toBe('deployment.outputData[0]')
    expect(chooseData(places({ request, model })).output[0]?.from).toBe('model.storedModel.modelAssets[0]')
  })

  it('is at last an embedded file named after the model, in the format of the input', () => {
    expect(chooseData(places({ request })).output[0]?.asset).toMatchObject({
      assetType: 'FILE',
      filename: 'cc-fraud-2-output.csv',
      fileFormat: 'CSV',
    })
    const json = { ...none, inputData: [file('in.json')] }
    expect(chooseData(places({ request: json })).output[0]?.asset).toMatchObject({
      filename: 'cc-fraud-2-output.json',
      fileFormat: 'JSON',
    })
  })

  it('of a metrics job is JSON whatever comes in, and a training job needs none', () => {
    expect(chooseData(places({ request, jobType: 'MODEL_BATCH_TEST_JOB' })).output[0]?.asset.filename).toMatch(
      /\.json$/,
    )
    expect(chooseData(places({ request, jobType: 'MODEL_BATCH_TRAINING_JOB' })).output).toEqual([])
  })
})

describe('templates', () => {
  it('are filled in with the day of the trigger and the id of the job', () => {
    const at = new Date('2026-03-04T23:59:00Z')
    const [asset] = fillTemplates([url('file:///in/{date}/{jobId}-{other}.csv')], { jobId: 'j1', at })
    expect(asset?.fileUrl).toBe('file:///in/2026-03-04/j1-{other}.csv')
    const [encoded] = fillTemplates([url('file:///in/%7Bdate%7D/%7bjobId%7d-%7Bother%7D.csv')], { jobId: 'j1', at })
    expect(encoded?.fileUrl).toBe('file:///in/2026-03-04/j1-%7Bother%7D.csv')
  })
})

describe('an expression that would take for ever', () => {
  it('finds nothing', () => {
    const model = { modelAssets: [file(`${'a'.repeat(60)}!`)], requiredAssets: required({ name: '(a+)+b' }) }
    expect(failureOf({ model }).code).toBe('InputNotFound')
  })
})
