import type { Context } from '../../context.ts'
import { printChanged } from '../../output.ts'

export async function run(context: Context, [id = '']: string[]): Promise<void> {
  const deployment = await context.client().deployedModels.patch(id, { state: 'UNDEPLOYED' })
  await printChanged(context.output, `Undeployed ${deployment.id}`, deployment)
}
