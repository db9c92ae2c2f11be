import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Context } from '../../context.ts'
import { fetchOutput } from '../../job-wait.ts'

export async function run(context: Context, [id = '', file = '']: string[]): Promise<void> {
  const client = context.client()
  if (file === '-') {
    const response = await client.jobs.output(id)
    if (response.body)
      await pipeline(Readable.fromWeb(response.body as NodeReadableStream), process.stdout, { end: false })
    return
  }
  const path = file === '' ? basename((await client.jobs.look(id)).outputData[0]?.filename ?? `${id}-output`) : file
  await fetchOutput(client, id, path)
  context.output.print(`Output written to ${path}`)
}
