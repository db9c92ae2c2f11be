import type { Context } from '../../context.ts'
import { printList } from '../../output.ts'

export async function run(context: Context): Promise<void> {
  const definitions = await context.client().mlc.processDefinitions({ latestVersion: true })
  await printList(context.output, definitions, [
    { title: 'ID', value: (definition) => definition.id },
    { title: 'KEY', value: (definition) => definition.key },
    { title: 'NAME', value: (definition) => definition.name },
    { title: 'VERSION', value: (definition) => definition.version },
    { title: 'RESOURCE', value: (definition) => definition.resource },
    { title: 'SUSPENDED', value: (definition) => String(definition.suspended) },
  ])
}
