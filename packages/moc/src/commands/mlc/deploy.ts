import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { NotFound } from '@rowhouse/contract'
import type { Context } from '../../context.ts'
import { printMade } from '../../output.ts'

export async function run(context: Context, [file = '']: string[]): Promise<void> {
  let xml: string
  try {
    xml = readFileSync(file, 'utf8')
  } catch {
    throw new NotFound('file', file, `Cannot read ${file}`)
  }
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
