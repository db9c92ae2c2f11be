import { basename } from 'node:path'
import type { Context } from '../../context.ts'
import { readTextFile } from '../../local-files.ts'
import { printMade } from '../../output.ts'

export async function run(context: Context, [file = '']: string[]): Promise<void> {
  const xml = readTextFile(file)
  const name = basename(file)
  const deployment = (await context.client().mlc.deploy(name, { [name]: xml })) as {
    id: string
    deployedProcessDefinitions?: Record<string, { key: string; version: number }>
    warnings?: string[]
  }
  for (const warning of deployment.warnings ?? []) context.output.say(`warning: ${warning}`)
  for (const definition of Object.values(deployment.deployedProcessDefinitions ?? {}))
    context.output.say(`${definition.key} is now version ${definition.version}`)
  await printMade(context.output, 'Deployment', deployment)
}
