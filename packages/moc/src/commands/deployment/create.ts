import { existsSync } from 'node:fs'
import type { DeploymentInput } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { isUrl, lastingAsset, localPath } from '../../local-files.ts'
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
  if (options.input !== undefined && isMissing(options.input))
    context.output.say(`warning: there is no file ${options.input} here; jobs look for it when they run`)
  const { _embedded } = await context.client().deployedModels.create(body)
  const deployed = _embedded.deployedModels ?? []
  for (const one of deployed)
    context.output.say(`Deployed as batch to ${options.stage} on runtime ${one.engine.name}: ${one.id}`)
  const [first] = deployed
  if (first !== undefined) await printMade(context.output, 'Deployment:', first)
}

/** Templates are filled in at the trigger: what they will name cannot be looked for now. */
function isMissing(text: string): boolean {
  return !isUrl(text) && !text.includes('{') && !existsSync(localPath(text))
}
