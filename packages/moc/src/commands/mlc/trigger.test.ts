import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeClient } from '@rowhouse/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeOutput } from '../../output.ts'
import { run } from './trigger.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moc-trigger-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('a signal is sent as its file has it, to the last digit of a long', async () => {
  const file = join(folder, 'signal.json')
  writeFileSync(file, '\uFEFF{"name": "s", "variables": {"ACCOUNT": {"value": 9007199254740993, "type": "Long"}}}\r\n')
  const sent: { contentType: string | undefined; body: unknown }[] = []
  const printed: string[] = []
  const client = makeClient({
    baseUrl: 'http://host',
    fetch: async (_url, init) => {
      const headers = init.headers as Record<string, string>
      sent.push({ contentType: headers['content-type'], body: init.body })
      return Response.json({ processInstanceId: 'p-1', processInstances: [], notifiedExecutions: [] })
    },
  })
  const output = { ...makeOutput({}), print: (text: string) => void printed.push(text) }
  await run({ output, client: () => client }, [], { file })
  expect(sent).toEqual([
    {
      contentType: 'application/json',
      body: '{"name": "s", "variables": {"ACCOUNT": {"value": 9007199254740993, "type": "Long"}}}\r\n',
    },
  ])
  expect(printed).toEqual(['Started process instance p-1'])
})

it('a process that an earlier call with the same key has started is not told as started now', async () => {
  const file = join(folder, 'again.json')
  writeFileSync(file, '{"name": "s"}')
  const told: string[] = []
  const headers = { 'idempotency-replayed': 'true' }
  const client = makeClient({
    baseUrl: 'http://host',
    fetch: async () =>
      Response.json({ processInstanceId: 'p-1', processInstances: [], notifiedExecutions: [] }, { headers }),
  })
  const tell = (text: string) => void told.push(text)
  await run({ output: { ...makeOutput({}), print: tell, say: tell }, client: () => client }, [], {
    file,
    idempotencyKey: 'night',
  })
  expect(told).toEqual([expect.stringContaining('nothing new was made'), 'Process instance p-1'])
})
