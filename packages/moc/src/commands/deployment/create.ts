import type { DeploymentInput } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { lastingAsset } from '../../local-files.ts'
import { printMade } from '../../output.ts'

interface DeployOptions {
  stage: string
  input?: string
  output?: string
  region?: string
}

export async function run(context: Context, [snapshotId = '']: string[], options: DeployOptions): Promise<void> {
  const body: DeploymentInput = { deployableModel: { id: snapshotId }, stage: options.stage }
  if (options.input !== undefined) body.inputData = [lastingAsset(options.input, options.region)]
  if (options.output !== undefined) body.outputData = [lastingAsset(options.output, options.region)]
  const { _embedded } = await context.client().deployedModels.create(body)
  const deployed = _embedded.deployedModels ?? []
  for (const one of deployed)
    context.output.say(`Deployed as batch to ${options.stage} on runtime ${one.engine.name}: ${one.id}`)
  const [first] = deployed
  if (first !== undefined) await printMade(context.output, 'Deployment:', first)
}
