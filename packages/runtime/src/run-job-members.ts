/**
 * The job document as a model's init reads it. Sources take members for granted that a client may leave out: lists and parameters are there
 * even when empty, and every asset has `metaData` with `custom` and `tags`. Pure.
 */
type Members = Record<string, unknown>

const lists = ['inputData', 'outputData', 'additionalAssets']

export function completeMembers(document: Members): Members {
  const { referenceModel, ...rest } = document
  return {
    ...rest,
    ...Object.fromEntries(lists.map((list) => [list, completeAssets(document[list])])),
    jobParameters: document.jobParameters ?? {},
    model: completeModel(document.model),
    // Absent rather than null: models ask `job.get('referenceModel', job['model'])`.
    ...(referenceModel ? { referenceModel: completeModel(referenceModel) } : {}),
  }
}

function completeModel(model: unknown): unknown {
  if (!isObject(model) || !isObject(model.storedModel)) return model
  const stored = model.storedModel
  return { associatedModels: [], ...model, storedModel: { ...stored, modelAssets: completeAssets(stored.modelAssets) } }
}

function completeAssets(assets: unknown): unknown[] {
  if (!Array.isArray(assets)) return []
  return assets.map((asset: unknown) => {
    if (!isObject(asset)) return asset
    const meta = isObject(asset.metaData) ? asset.metaData : {}
    return { ...asset, metaData: { ...meta, custom: meta.custom ?? {}, tags: meta.tags ?? [] } }
  })
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
