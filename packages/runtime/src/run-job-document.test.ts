import { Asset } from '@rowhouse/contract'
import { describe, expect, it } from 'vitest'
import {
  chooseLanguage,
  choosePrimarySource,
  parseJob,
  recordsetRows,
  schemaFields,
  timeoutSeconds,
} from './run-job-document.ts'

const source = (name: string, more = {}) => Asset.parse({ name, assetType: 'SOURCE_CODE', sourceCode: '', ...more })

describe('the primary source', () => {
  it('is the flagged one', () => {
    expect(choosePrimarySource([source('a.py'), source('b.py', { primaryModelSource: true })]).name).toBe('b.py')
  })
  it('is the only one there is', () => {
    expect(choosePrimarySource([source('a.py'), Asset.parse({ name: 'x.csv' })]).name).toBe('a.py')
  })
  it('is never guessed', () => {
    expect(() => choosePrimarySource([source('a.py'), source('b.py')])).toThrow(
      'None of a.py, b.py has primaryModelSource',
    )
    expect(() => choosePrimarySource([])).toThrow('The model has no source code')
  })
})

describe('the language of a model', () => {
  it.each([
    ['PYTHON', 'x.R', 'PYTHON'],
    ['PYTHON3', 'x.py', 'PYTHON'],
    ['UNKNOWN', 'x.py3', 'PYTHON'],
    ['UNKNOWN', 'src/x.MJS', 'JAVASCRIPT'],
    ['JAVASCRIPT', 'x', 'JAVASCRIPT'],
  ])('type %s with source %s is %s', (type, path, language) => {
    expect(chooseLanguage(type, path)).toBe(language)
  })
  it('that nothing here runs is named', () => {
    expect(() => chooseLanguage('R', 'x.R')).toThrow('This runtime does not run R models')
    expect(() => chooseLanguage('UNKNOWN', 'x.rb')).toThrow("a model whose source is 'x.rb'")
  })
})

describe('a leased job', () => {
  const model = { storedModel: { modelMetaData: { type: 'python' }, modelAssets: [] } }

  it('tells its function by its type', () => {
    expect(parseJob({ id: '1', jobType: 'MODEL_BATCH_JOB', model }).function).toBe('score')
    expect(parseJob({ id: '1', jobType: 'MODEL_BATCH_TEST_JOB', model }).function).toBe('metrics')
    expect(parseJob({ id: '1', jobType: 'MODEL_BATCH_TRAINING_JOB', model }).function).toBe('train')
  })
  it('may have nulls where real ones have them', () => {
    const job = parseJob({ id: '1', model, inputData: null, jobParameters: null, additionalAssets: null })
    expect(job).toMatchObject({ modelType: 'PYTHON', inputData: [], parameters: {}, checkInputSchema: false })
  })
  it('without a model is refused in words', () => {
    expect(() => parseJob({ id: '1' })).toThrow('The job names no model')
    expect(() => parseJob({ id: '1', model: { storedModel: { modelAssets: 7 } } })).toThrow(
      'The job document cannot be read',
    )
  })
})

describe('parameters of a job', () => {
  it('recordsetRows is a number, all, or the default; metrics and train get whole frames', () => {
    expect(recordsetRows({ function: 'score', parameters: {} })).toBe(16_384)
    expect(recordsetRows({ function: 'score', parameters: { recordsetRows: 'all' } })).toBeNull()
    expect(recordsetRows({ function: 'score', parameters: { recordsetRows: 500 } })).toBe(500)
    expect(recordsetRows({ function: 'metrics', parameters: { recordsetRows: 500 } })).toBeNull()
    expect(recordsetRows({ function: 'score', parameters: { recordsetRows: null } })).toBe(16_384)
    for (const wish of ['All', 'many', '', 0, -1, 2.5, true, [], {}])
      expect(() => recordsetRows({ function: 'score', parameters: { recordsetRows: wish } })).toThrow(
        `jobParameters.recordsetRows is ${JSON.stringify(wish)}: give a whole number of rows above 0, or 'all'`,
      )
  })
  it('timeoutSeconds wins over the default of the runtime', () => {
    expect(timeoutSeconds({}, null)).toBeNull()
    expect(timeoutSeconds({}, 60)).toBe(60)
    expect(timeoutSeconds({ timeoutSeconds: '5' }, 60)).toBe(5)
    for (const wish of ['soon', true])
      expect(() => timeoutSeconds({ timeoutSeconds: wish }, 60)).toThrow('give a number of seconds above 0')
  })
})

it('fields of a schema are found in a record, an array of records and a bare array', () => {
  const fields = [{ name: 'a', type: 'int' }]
  expect(schemaFields({ type: 'record', fields })).toEqual(fields)
  expect(schemaFields({ type: 'array', items: { type: 'record', fields } })).toEqual(fields)
  expect(schemaFields(fields)).toEqual(fields)
  expect(schemaFields('double')).toBeNull()
  expect(schemaFields(null)).toBeNull()
})
