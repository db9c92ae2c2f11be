import { basename } from 'node:path'
import type { Context } from '../../context.ts'
import { readLocalFile } from '../../local-files.ts'
import { printMade } from '../../output.ts'

export async function run(context: Context, [file = '']: string[]): Promise<void> {
  const content = readLocalFile(file)
  const name = basename(file)
  const deployment = (await context.client().mlc.deploy(name, { [name]: content })) as {
    id: string
    deployedProcessDefinitions?: Record<string, { key: string; version: number }>
    warnings?: string[]
  }
  for (const warning of deployment.warnings ?? []) context.output.say(`warning: ${warning}`)
  const definitions = Object.values(deployment.deployedProcessDefinitions ?? {})
  if (definitions.length === 0)
    context.output.say(`warning: ${name} defines no process that can run; one is read from *.bpmn and *.bpmn20.xml`)
  for (const definition of definitions) context.output.say(`${definition.key} is now version ${definition.version}`)
  await printMade(context.output, 'Deployment', deployment)
}
