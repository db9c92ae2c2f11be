import type { Context } from '../../context.ts'

export async function run(context: Context, [id = '']: string[]): Promise<void> {
  const deployment = await context.client().deployedModels.patch(id, { state: 'UNDEPLOYED' })
  context.output.print(`Undeployed ${deployment.id}`)
}
