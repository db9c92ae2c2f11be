/**
 * A list of assets that comes back as it was read: lists of models leave contents out, and nothing shows credentials. An asset known by its
 * id, whose place and kind did not change, keeps what could not be sent back.
 */
import { isDeepStrictEqual } from 'node:util'
import { type Asset, contentMembers } from '@rowhouse/contract'
import { addressesOf, type Credentials } from '../documents/credentials.ts'
import { isRecord } from '../documents/merge-patch.ts'

export function withKeptContents(sent: unknown, before: readonly Asset[]): unknown {
  if (!Array.isArray(sent)) return sent
  return sent.map((asset: unknown) => {
    const earlier = isRecord(asset) ? sameAsset(asset, before) : undefined
    if (!isRecord(asset) || earlier === undefined) return asset
    const saysContent = [...contentMembers, 'contentHash'].some((member) => asset[member] !== undefined)
    return saysContent ? asset : { ...contentsOf(earlier), ...asset }
  })
}

/** Credentials are known by an asset's place in the list: they move with it. */
export function keptCredentials(now: readonly Asset[], before: readonly Asset[], known: Credentials): Credentials {
  const kept: Credentials = {}
  for (const [index, asset] of now.entries()) {
    const earlier = sameAsset(asset, before)
    const credential = earlier && known[`modelAssets[${before.indexOf(earlier)}]`]
    if (credential) kept[`modelAssets[${index}]`] = credential
  }
  return kept
}

function sameAsset(asset: Record<string, unknown>, before: readonly Asset[]): Asset | undefined {
  const { assetId, assetType } = asset
  const earlier = before.find((each) => typeof assetId === 'string' && each.assetId === assetId)
  const isSame =
    (assetType ?? 'FILE') === earlier?.assetType && isDeepStrictEqual(addressesOf(asset), addressesOf(earlier))
  return isSame ? earlier : undefined
}

function contentsOf(asset: Asset): Partial<Asset> {
  return Object.fromEntries(
    contentMembers.map((member) => [member, asset[member]]).filter(([, value]) => value != null),
  )
}
