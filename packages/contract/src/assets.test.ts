import { expect, it } from 'vitest'
import { Asset } from './assets.ts'
import { JobInput, StoredModelContent } from './model-manage.ts'

it.each([{}, { assetType: null, assetRole: null, metaData: null }, { metaData: { custom: null, tags: null } }])(
  'an asset of an old document %j means the usual one',
  (given) => {
    expect(Asset.parse(given)).toEqual({ assetType: 'FILE', assetRole: 'UNKNOWN', metaData: { custom: {}, tags: [] } })
  },
)

it('a member that is there but of another kind is still refused', () => {
  expect(Asset.safeParse({ assetRole: 5 }).success).toBe(false)
  expect(StoredModelContent.safeParse({ modelAssets: 'x' }).success).toBe(false)
})

it('a stored model with nulls in its lists has empty lists', () => {
  const model = StoredModelContent.parse({
    modelAssets: null,
    requiredAssets: null,
    modelMetaData: { tags: null, type: null },
  })
  expect(model).toMatchObject({ modelAssets: [], requiredAssets: [], modelMetaData: { tags: [], type: 'UNKNOWN' } })
})

it('a job without a type is a scoring job', () => {
  expect(JobInput.parse({ jobType: null }).jobType).toBe('MODEL_BATCH_JOB')
  expect(JobInput.parse({}).jobType).toBe('MODEL_BATCH_JOB')
})
