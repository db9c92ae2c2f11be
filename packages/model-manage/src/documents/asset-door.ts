import { type Asset, embeddedBytesMax, InputError } from '@rowhouse/contract'

/** What an embedded content weighs when decoded. */
export function embeddedBytes(asset: Pick<Asset, 'fileContent' | 'fileContentString'>): number {
  if (typeof asset.fileContent === 'string') return Math.floor((base64Digits(asset.fileContent) * 3) / 4)
  return typeof asset.fileContentString === 'string' ? Buffer.byteLength(asset.fileContentString) : 0
}

/** Letters that carry bits: neither the padding nor the line breaks that `base64` puts between. */
function base64Digits(text: string): number {
  let others = 0
  for (const [found] of text.matchAll(/[\s=]+/g)) others += found.length
  return text.length - others
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/\s]*(?:=\s*){0,2}$/.test(text) && base64Digits(text) % 4 !== 1
}

/** Each asset as it enters: small enough, decodable, with its size. `where` names the list, such as `inputData`. */
export function checkAssets(assets: readonly Asset[], where: string, filesPath: string): Asset[] {
  return assets.map((asset, index) => checkAsset(asset, `${where}[${index}]`, filesPath))
}

function checkAsset(asset: Asset, path: string, filesPath: string): Asset {
  const bytes = embeddedBytes(asset)
  if (bytes > embeddedBytesMax) throw embeddedTooLarge(asset, path, bytes, filesPath)
  if (typeof asset.fileContent === 'string' && !isBase64(asset.fileContent)) {
    throw new InputError('InvalidField', `'${path}.fileContent' is not base64: text goes into 'fileContentString'`, {
      field: `${path}.fileContent`,
    })
  }
  if (asset.assetType === 'EXTERNAL_FILE' && !asset.fileUrl) {
    throw new InputError('InvalidField', `'${path}' is an EXTERNAL_FILE without 'fileUrl': say where the file is`, {
      field: `${path}.fileUrl`,
    })
  }
  checkPath(asset, path)
  const hasContent = typeof asset.fileContent === 'string' || typeof asset.fileContentString === 'string'
  return hasContent ? { ...asset, fileSize: bytes } : asset
}

/** Names become paths below the model's folder; whatever climbs out of it is refused here, not only where it would be written. */
function checkPath(asset: Asset, path: string): void {
  for (const member of ['filename', 'name', 'sourceCodeFilePath'] as const) {
    const given = asset[member]
    if (typeof given !== 'string' || !given.split(/[\\/]/).includes('..')) continue
    throw new InputError(
      'UnsafeAssetPath',
      `'${path}.${member}' is '${given}': it holds '..', which leads out of the model's folder; give a name below it`,
      { field: `${path}.${member}` },
    )
  }
}

function embeddedTooLarge(
  asset: Pick<Asset, 'name' | 'filename'>,
  path: string,
  bytes: number,
  filesPath: string,
): InputError {
  const name = asset.filename ?? asset.name ?? path
  return new InputError(
    'EmbeddedFileTooLarge',
    `'${path}' (${name}) embeds ${bytes} bytes, at most ${embeddedBytesMax} may be embedded. Upload the file with POST ${filesPath} and send an asset with the contentHash of the answer instead.`,
    { status: 413, field: path, bytes, bytesMax: embeddedBytesMax, upload: `POST ${filesPath}` },
  )
}

/** The SHA-256 of a managed file: a FILE with a content hash and no content of its own. */
export function managedFileOf(asset: Asset): string | undefined {
  if (asset.assetType !== 'FILE' || asset.fileContent || asset.fileContentString) return undefined
  return asset.contentHash?.hexString.toLowerCase()
}
