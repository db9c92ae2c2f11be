import { basename } from 'node:path'
import type { Context } from '../../context.ts'
import { fetchOutput, printOutput } from '../../job-wait.ts'
import { printChanged } from '../../output.ts'

export async function run(context: Context, [id = '', file = '']: string[]): Promise<void> {
  const client = context.client()
  if (file === '-') return printOutput(client, id)
  const path = file === '' ? basename((await client.jobs.look(id)).outputData[0]?.filename ?? `${id}-output`) : file
  await fetchOutput(client, id, path)
  await printChanged(context.output, `Output written to ${path}`, { id, file: path })
}
