import { basename } from 'node:path'
import type { Context } from '../../context.ts'
import { fetchOutput, printOutput } from '../../job-wait.ts'

export async function run(context: Context, [id = '', file = '']: string[]): Promise<void> {
  const client = context.client()
  if (file === '-') return printOutput(client, id)
  const path = file === '' ? basename((await client.jobs.look(id)).outputData[0]?.filename ?? `${id}-output`) : file
  await fetchOutput(client, id, path)
  context.output.print(`Output written to ${path}`)
}
