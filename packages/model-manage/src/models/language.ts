import type { Asset } from '@rowhouse/contract'

const languageByType: Record<string, string> = {
  PYTHON: 'PYTHON',
  PYTHON3: 'PYTHON',
  R: 'R',
  JAVASCRIPT: 'JAVASCRIPT',
  NODE: 'JAVASCRIPT',
  PYSPARK: 'PYSPARK',
}
const languageByExtension: Record<string, string> = {
  py: 'PYTHON',
  py3: 'PYTHON',
  js: 'JAVASCRIPT',
  mjs: 'JAVASCRIPT',
  cjs: 'JAVASCRIPT',
  r: 'R',
  onnx: 'ONNX',
}

/** What a runtime must be able to run: the model's type, else its primary source's extension; null when neither tells. */
export function languageOf(model: {
  modelMetaData?: { type?: string | null | undefined }
  modelAssets?: readonly Asset[] | undefined
}): string | null {
  const type = model.modelMetaData?.type?.toUpperCase() ?? 'UNKNOWN'
  const byType = languageByType[type]
  if (byType !== undefined) return byType
  const source = primarySource(model.modelAssets ?? [])
  const extension = (source?.name ?? source?.filename ?? '').split('.').pop()?.toLowerCase() ?? ''
  const byExtension = languageByExtension[extension]
  if (byExtension !== undefined) return byExtension
  return type === 'UNKNOWN' ? null : type
}

function primarySource(assets: readonly Asset[]): Asset | undefined {
  return (
    assets.find((asset) => asset.primaryModelSource === true) ??
    assets.find((asset) => asset.assetType === 'SOURCE_CODE')
  )
}

/** The name people know the model by: its own, else its primary source's without extension. */
export function modelName(model: {
  modelMetaData?: { name?: string | null | undefined }
  modelAssets?: readonly Asset[] | undefined
}): string | null {
  const name = model.modelMetaData?.name?.trim()
  if (name) return name
  const source = primarySource(model.modelAssets ?? [])?.name
  return source ? source.replace(/^.*\//, '').replace(/\.[^.]+$/, '') : null
}
