/** What holds for every collection of the registry, whatever it is made of. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, leased, modelBody, pythonSource, register } from './fleet.ts'
import { failureOf, origin, startWing, type Wing } from './wing.ts'

type Document = Record<string, unknown> & { id: string; version: number }
interface List {
  _embedded: Record<string, Document[]>
  _links: { self: { href: string } }
  page: { size: number; totalElements: number; totalPages: number; number: number }
}

const collections = [
  'storedModels',
  'deployableModels',
  'deployedModels',
  'engines',
  'jobs',
  'jobHistories',
  'notifications',
] as const
const api = '/model-manage/api'
let wing: Wing
let empty: Wing

beforeAll(async () => {
  ;[wing, empty] = await Promise.all([startWing(), startWing()])
  for (const tag of ['one', 'two', 'three']) {
    const engine = await register(wing, tag, [tag, 'DEV'])
    const { id } = await deployedModel(wing, tag, 'DEV', { inputData: csvInput() })
    await wing.ann.jobs.create({ deployedModel: { id } })
    await wing.ann.notifications.create({ message: tag })
    await wing.runtime.jobs.finish(await leased(wing, engine), {
      ...{ jobStatus: 'COMPLETE', jobResult: 'SUCCESS' },
      // as a runtime says it: what there is not is null
      outputData: [{ name: 'o.csv', assetType: 'FILE', fileContent: null, fileContentString: 'x\n1\n' }],
    })
  }
})
afterAll(() => Promise.all([wing.stop(), empty.stop()]))

const get = <T>(path: string, of = wing) => of.ann.call<T>('GET', `${api}/${path}`)
const list = (path: string, of = wing) => get<List>(path, of)
const first = async (collection: string) => {
  const [document] = (await list(collection))._embedded[collection] ?? []
  if (document === undefined) throw new Error(`no document in ${collection}`)
  return document
}

function membersOf(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  return Object.entries(value).flatMap(([key, each]) => membersOf(each, `${path}.${key}`))
}

describe.each(collections)('%s', (collection) => {
  it('are listed newest first in pages that link to each other', async () => {
    const page = await list(`${collection}?size=2`)
    const dates = page._embedded[collection]?.map((each) => String(each.createdDate)) ?? []
    expect(dates).toHaveLength(2)
    expect(dates).toEqual([...dates].sort().reverse())
    expect(page.page).toEqual({ size: 2, totalElements: 3, totalPages: 2, number: 0 })
    const rest = await list(`${collection}?size=2&page=1`)
    expect(rest._embedded[collection]).toHaveLength(1)
    expect(String(rest._embedded[collection]?.[0]?.createdDate) <= (dates[1] ?? '')).toBe(true)
    const oldest = await list(`${collection}?size=1&sort=createdDate,asc`)
    expect(oldest._embedded[collection]?.[0]?.id).toBe(rest._embedded[collection]?.[0]?.id)
  })

  it('without a hit are 200 with an empty list under their own name', async () => {
    expect(await list(collection, empty)).toMatchObject({ _embedded: { [collection]: [] }, page: { totalElements: 0 } })
  })

  it('leave contents out of lists, and give dates with milliseconds and a bare Z, at every depth', async () => {
    const page = await list(collection)
    const members = membersOf(page._embedded)
    const contents = members.filter(([path]) => /\.(fileContent|fileContentString|sourceCode)$/.test(path))
    expect(contents).toEqual([])
    const dates = members.filter(([path, value]) => /Date$/.test(path) && value !== null)
    expect(dates.length).toBeGreaterThanOrEqual(6)
    for (const [, date] of dates) expect(date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  it('have a link to themselves that leads to the document, whose version is its ETag', async () => {
    const { id, version, _links } = (await first(collection)) as Document & { _links: { self: { href: string } } }
    const answer = await wing.ann.send('GET', _links.self.href, undefined)
    expect(answer.headers.get('etag')).toBe(`"${version}"`)
    expect(await answer.json()).toMatchObject({ id, version })
  })
})

describe('links', () => {
  const hrefsOf = (body: unknown) =>
    membersOf(body).flatMap(([path, value]) => (/\.href$/.test(path) ? [String(value)] : []))

  it.each(collections)('of %s begin with the address people use, at every depth', async (collection) => {
    const hrefs = hrefsOf(await list(`${collection}?size=1`))
    expect(hrefs.length).toBeGreaterThanOrEqual(5)
    expect(hrefs.filter((href) => !href.startsWith(`${origin}${api}/`))).toEqual([])
  })

  it('come as HAL to those who ask for it, and as JSON to others', async () => {
    const typeOf = async (accept: string, path = 'jobs') => {
      const headers = { accept, authorization: 'Bearer ann' }
      return (await wing.app.inject({ url: `${api}/${path}`, headers })).headers['content-type']
    }
    expect(await typeOf('application/hal+json, application/json')).toMatch(/^application\/hal\+json/)
    expect(await typeOf('*/*')).toMatch(/^application\/json/)
    expect(await typeOf('application/hal+json', 'jobs/none')).toBe('application/problem+json')
  })

  it('are without an address for the other wing and for runtimes, who may use one of their own', async () => {
    for (const caller of [wing.mlc, wing.runtime]) {
      const hrefs = hrefsOf(await caller.call('GET', `${api}/jobs`))
      expect(hrefs.filter((href) => !href.startsWith(`${api}/`))).toEqual([])
    }
  })

  it('are without an address where the caller names none, as HTTP/1.0 may', async () => {
    const { port } = new URL(await wing.app.listen({ port: 0, host: '127.0.0.1' }))
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`GET ${api}/jobs HTTP/1.0\r\nAuthorization: Bearer ann\r\n\r\n`)
    const [, body = ''] = (await text(socket)).split('\r\n\r\n')
    expect(hrefsOf(JSON.parse(body)).filter((href) => !href.startsWith(`${api}/`))).toEqual([])
  })

  it('lead from the root to each collection, and from a collection to its searches', async () => {
    interface Links {
      _links: Record<string, { href: string; templated?: boolean }>
    }
    const { _links: root } = await get<Links>('')
    expect(Object.keys(root).sort()).toEqual([...collections, 'self'].sort())
    expect(root.jobs).toEqual({
      ...{ href: `${origin}${api}/jobs{?page,size,sort,jobStatus,deployedModelId,engineId}`, templated: true },
    })
    const { _links: searches } = await get<Links>('jobHistories/search')
    const rootSearch = 'findAllByJobMLCS_ProcessInstanceRootProcessInstanceId'
    expect(Object.keys(searches).sort()).toEqual(['findAllByJobId', rootSearch, 'self'])
    const href = searches[rootSearch]?.href.replace(/\{\?.*/, '') ?? ''
    expect(await wing.ann.call('GET', `${href}?processInstanceId=none`)).toMatchObject({ page: { totalElements: 0 } })
  })
})

describe('a single document', () => {
  it.each(['storedModels', 'deployableModels', 'deployedModels', 'jobs'])(
    'of %s carries its contents',
    async (name) => {
      const text = JSON.stringify(await get(`${name}/${(await first(name)).id}`))
      expect(text).toContain(JSON.stringify(pythonSource))
      if (name === 'jobs' || name === 'deployedModels') expect(text).toContain(JSON.stringify('a,b\n1,2\n'))
      if (name === 'jobs') expect(text).toContain(JSON.stringify('x\n1\n'))
    },
  )
})

const owned = {
  ...{ id: 'mine', version: 77, createdDate: '1999-01-01T00:00:00.000Z', lastModifiedDate: '1999-01-01T00:00:00.000Z' },
  ...{ createdBy: 'me', lastModifiedBy: 'me', _links: { self: { href: 'mine' } } },
}

describe('a create', () => {
  const wishes: [string, () => Promise<object>][] = [
    ['storedModels', async () => modelBody('created')],
    ['deployableModels', async () => ({ storedModel: { id: (await first('storedModels')).id } })],
    ['jobs', async () => ({ deployedModel: { id: (await first('deployedModels')).id } })],
    ['notifications', async () => ({ message: 'created' })],
  ]
  it.each(wishes)(
    'of %s is 201 with Location and the document; what the server owns is ignored',
    async (name, wish) => {
      const answer = await wing.ann.send('POST', `${api}/${name}`, { ...(await wish()), ...owned })
      expect(answer.status).toBe(201)
      const body = (await answer.json()) as Document
      expect(body).toMatchObject({ version: 0, createdBy: 'ann', lastModifiedBy: 'ann' })
      expect(body.id).not.toBe('mine')
      expect(String(body.createdDate) > '2020').toBe(true)
      const location = answer.headers.get('location') ?? ''
      expect(location).not.toBe('mine')
      expect(await wing.ann.call('GET', location)).toMatchObject({ id: body.id })
    },
  )

  it('of deployedModels is 201 with the list, and Location of the first', async () => {
    const wish = {
      deployableModel: {
        id: ((await first('deployedModels')) as never as { deployableModel: Document }).deployableModel.id,
      },
    }
    const answer = await wing.ann.send('POST', `${api}/deployedModels`, { ...owned, ...wish, stage: 'DEV' })
    const [made] = ((await answer.json()) as List)._embedded.deployedModels ?? []
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${origin}${api}/deployedModels/${made?.id}`])
    expect(made?.id).not.toBe('mine')
  })
})

describe('a change', () => {
  it.each([
    ['storedModels', { modelMetaData: { description: 'new' } }],
    ['deployableModels', { metaData: { description: 'new' } }],
    ['deployedModels', { note: 'new' }],
    ['engines', { tags: ['three', 'DEV', 'new'] }],
    ['jobs', { note: 'new' }],
    ['notifications', { message: 'new' }],
  ])(
    'of %s raises the version once, ignores what the server owns, and is refused by an old version',
    async (name, patch) => {
      const before = await first(name)
      const path = `${api}/${name}/${before.id}`
      const changed = await wing.bob.send(
        'PATCH',
        path,
        { ...owned, ...patch },
        { headers: { 'if-match': `"${before.version}"` } },
      )
      expect(changed.headers.get('etag')).toBe(`"${before.version + 1}"`)
      expect(await changed.json()).toMatchObject({
        ...{ id: before.id, version: before.version + 1, createdBy: before.createdBy, createdDate: before.createdDate },
        ...{ lastModifiedBy: 'bob', ...patch },
      })
      const late = wing.ann.send('PATCH', path, patch, { headers: { 'if-match': `"${before.version}"` } })
      expect(await failureOf(late)).toMatchObject({ code: 'StaleRevision' })
      expect(await get(`${name}/${before.id}`)).toMatchObject({ version: before.version + 1, lastModifiedBy: 'bob' })
    },
  )
  it('that would delete what somebody has changed meanwhile is 412, and deletes nothing', async () => {
    const { id } = await wing.ann.notifications.create({ message: 'keep' })
    const path = `/model-manage/api/notifications/${id}`
    await wing.ann.send('PATCH', path, { message: 'changed' })
    const late = wing.ann.send('DELETE', path, undefined, { headers: { 'if-match': '"0"' } })
    await expect(late).rejects.toMatchObject({ code: 'StaleRevision' })
    const removed = await wing.ann.send('DELETE', path, undefined, { headers: { 'if-match': '"1"' } })
    expect(removed.status).toBe(204)
  })

  it.each(['storedModels', 'deployableModels', 'deployedModels', 'engines', 'notifications'])(
    'of the group of %s is kept, null takes it away, and what is no text is refused',
    async (name) => {
      const path = `${api}/${name}/${(await first(name)).id}`
      const patch = (group: unknown) => wing.ann.call<{ group: string | null }>('PATCH', path, { group })
      expect((await patch('fraud')).group).toBe('fraud')
      expect((await failureOf(patch(7))).message).toContain("'group' must be a text")
      expect((await patch(null)).group).toBeNull()
    },
  )

  it.each(['storedModels', 'deployableModels', 'deployedModels', 'jobs'])(
    'of %s stores no password, wherever its URL stands',
    async (name) => {
      const path = `${api}/${name}/${(await first(name)).id}`
      const note = { source: { fileUrl: 'http://KEY:SECRETWORD@host/in.csv' } }
      expect(await wing.ann.call('PATCH', path, { note })).toMatchObject({
        note: { source: { fileUrl: 'http://host/in.csv' } },
      })
    },
  )

  it('by a method that a document does not take is 405 and says which it takes', async () => {
    const path = `${api}/storedModels/${(await first('storedModels')).id}`
    const failure = await failureOf(wing.ann.call('DELETE', path))
    expect(failure).toMatchObject({ code: 'MethodNotAllowed', data: { allow: ['GET', 'HEAD', 'PATCH'] } })
  })
})
