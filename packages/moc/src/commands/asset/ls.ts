import type { Asset } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { getModel } from '../../lookup.ts'
import { printList } from '../../output.ts'

export async function run(context: Context, [model = '']: string[]): Promise<void> {
  const { modelAssets } = await getModel(context.client(), model)
  const rows = modelAssets.map((asset) => ({ ...asset, id: asset.assetId ?? '-' }))
  await printList<Asset & { id: string }>(context.output, rows, [
    { title: 'ID', value: (asset) => asset.id },
    { title: 'NAME', value: (asset) => asset.name ?? asset.filename },
    { title: 'TYPE', value: (asset) => asset.assetType },
    { title: 'ROLE', value: (asset) => asset.assetRole },
    { title: 'SIZE', value: (asset) => asset.fileSize },
  ])
}
