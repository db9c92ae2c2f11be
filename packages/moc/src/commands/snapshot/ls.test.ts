import { makeClient } from '@rowhouse/contract'
import { expect, it } from 'vitest'
import type { Context } from '../../context.ts'
import { run } from './ls.ts'

const snapshot = (id: string, name: string, model: string) => ({
  id,
  metaData: { name, tags: [] },
  storedModel: { id: 'm', modelMetaData: { name: model } },
})

/** The server finds snapshots by their own name, too. */
const found = [snapshot('of-another', 'champion', 'other'), snapshot('of-the-model', 'champion_v1', 'champion')]

it('snapshots of a model are listed by its name, not those of others that are called so', async () => {
  const printed: string[] = []
  const client = makeClient({
    baseUrl: 'http://gateway',
    fetch: async () => Response.json({ _embedded: { deployableModels: found } }),
  })
  const output = { format: 'table', quiet: true, isTerminal: false, print: (text: string) => void printed.push(text) }
  await run({ output, client: () => client } as unknown as Context, ['champion'], { limit: '1' })
  expect(printed.join('').trim()).toBe('of-the-model')
})
