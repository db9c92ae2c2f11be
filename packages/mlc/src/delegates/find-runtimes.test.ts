import { makeClient } from '@rowhouse/contract'
import { expect, it } from 'vitest'
import type { DelegateTask } from './delegate.ts'
import { getCompatibleEngine } from './find-runtimes.ts'

/** 25 runtimes carry the tag; a page has 20 unless told. */
async function listRuntimes(url: string): Promise<Response> {
  const { searchParams } = new URL(url)
  const engines = Array.from({ length: 25 }, (_, n) => ({ id: `r${n}`, inputEndpoints: [], outputEndpoints: [] }))
  const size = Number(searchParams.get('size') ?? 20)
  return Response.json({
    _embedded: { engines: searchParams.get('tags') === 'cc-fraud,DEV' ? engines.slice(0, size) : [] },
  })
}

it('all runtimes with the tag and the stage are found, not the first page of them', async () => {
  const task = {
    call: {
      inputs: {},
      variables: { TAG: { type: 'String', value: 'cc-fraud' }, MODEL_STAGE: { type: 'String', value: 'DEV' } },
    },
    client: makeClient({ baseUrl: 'http://model-manage', fetch: listRuntimes }),
    signal: new AbortController().signal,
  } as unknown as DelegateTask
  const { RUNTIMES, BATCH_RUNTIMES, ONLINE_RUNTIMES } = await getCompatibleEngine.run(task)
  expect([RUNTIMES, BATCH_RUNTIMES, ONLINE_RUNTIMES].map((list) => (list as unknown[]).length)).toEqual([25, 25, 0])
})
