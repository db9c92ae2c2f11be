import { makeClient } from '@rowhouse/contract'
import { expect, it } from 'vitest'
import { type Format, makeOutput } from '../../output.ts'
import { run } from './logs.ts'

const jobMessages = ['2026/3/1 2:00:00 job received', '2026/3/1 2:00:01 [info] MODEL-CONSOLE: "a": 1']

async function printed(outputFormat: Format, follow: boolean): Promise<string> {
  const lines: string[] = []
  const client = makeClient({
    baseUrl: 'http://host',
    fetch: async () => Response.json({ id: 'j', jobStatus: 'COMPLETE', jobMessages }),
  })
  const output = { ...makeOutput({ outputFormat }), print: (text: string) => void lines.push(text) }
  await run({ output, client: () => client }, ['j'], { follow })
  return lines.join('\n')
}

it('the log of a job is its lines, or a document where one is asked for', async () => {
  expect(await printed('table', false)).toBe(jobMessages.join('\n'))
  expect(JSON.parse(await printed('json', false))).toEqual(jobMessages)
  expect(await printed('yaml', false)).toContain('- 2026/3/1 2:00:00 job received')
})

it('a log that is followed is told line by line in each form', async () => {
  expect(await printed('table', true)).toBe(jobMessages.join('\n'))
  expect((await printed('json', true)).split('\n').map((line) => JSON.parse(line))).toEqual(jobMessages)
  expect(await printed('yaml', true)).toBe(jobMessages.map((message) => `- ${JSON.stringify(message)}`).join('\n'))
})
