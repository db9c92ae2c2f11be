/** Things by name or id, and lists across pages. */
import {
  type Client,
  type EngineBody,
  type HalList,
  InputError,
  isUuid,
  NotFound,
  type StoredModelBody,
} from '@rowhouse/contract'

type ListCall<T> = (query: Record<string, string | number | undefined>) => Promise<HalList<T>>

/** Up to `limit` entries, page by page. */
export async function listUpTo<T>(
  list: ListCall<T>,
  limit: number,
  query: Record<string, string | undefined> = {},
): Promise<T[]> {
  const rows: T[] = []
  const size = Math.min(limit, 200)
  for (let page = 0; rows.length < limit; page += 1) {
    const body = await list({ ...query, page, size })
    const found = Object.values(body._embedded ?? {})[0] ?? []
    rows.push(...found)
    if (found.length === 0 || body.page === undefined || page >= body.page.totalPages - 1) break
  }
  return rows.slice(0, limit)
}

export function parseLimit(value: unknown): number {
  const limit = Number(value ?? 100)
  if (!Number.isInteger(limit) || limit < 1)
    throw new InputError('BadLimit', `--limit takes a whole number from 1, not '${String(value)}'`)
  return limit
}

/** A model by id, else by its exact name; the newest of several with that name. */
export async function getModel(client: Client, nameOrId: string): Promise<StoredModelBody> {
  if (isUuid(nameOrId)) return client.storedModels.get(nameOrId)
  const found = await client.call<HalList<{ id: string }>>(
    'GET',
    '/model-manage/api/storedModels/search/findAllByName',
    undefined,
    { query: { name: nameOrId } },
  )
  const [newest] = found._embedded.storedModels ?? []
  if (newest === undefined)
    throw new NotFound('model', nameOrId, `There is no model named '${nameOrId}'. See: moc model ls`)
  return client.storedModels.get(newest.id)
}

export async function getRuntime(client: Client, nameOrId: string): Promise<EngineBody> {
  if (isUuid(nameOrId)) return client.engines.get(nameOrId)
  const engines = await listUpTo<EngineBody>((query) => client.engines.list(query), 10_000)
  const engine = engines.find((candidate) => candidate.name === nameOrId)
  if (engine === undefined)
    throw new NotFound('runtime', nameOrId, `There is no runtime named '${nameOrId}'. See: moc runtime ls`)
  return engine
}
