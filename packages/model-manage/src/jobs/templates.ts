import type { Asset } from '@rowhouse/contract'

/** `{date}` is the day of the trigger (UTC), `{jobId}` the job's id; other braces stay as they are. URL encoders write `%7Bdate%7D`. */
export function fillTemplates(assets: readonly Asset[], values: { jobId: string; at: Date }): Asset[] {
  const date = values.at.toISOString().slice(0, 10)
  const fill = (text: string) => text.replaceAll('{date}', date).replaceAll('{jobId}', values.jobId)
  const fillUrl = (url: string) => fill(url.replace(/%7[Bb](date|jobId)%7[Dd]/g, '{$1}'))
  return assets.map((asset) => {
    const filled = { ...asset }
    if (typeof asset.fileUrl === 'string') filled.fileUrl = fillUrl(asset.fileUrl)
    if (typeof asset.filename === 'string') filled.filename = fill(asset.filename)
    if (typeof asset.name === 'string') filled.name = fill(asset.name)
    return filled
  })
}
