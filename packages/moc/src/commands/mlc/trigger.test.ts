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
