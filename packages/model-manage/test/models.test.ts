import { randomBytes } from 'node:crypto'
import { embeddedBytesMax, signalPrefix } from '@rowhouse/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { register } from './fleet.ts'
import { eventually, failureOf, origin, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

const isoPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const source = `# modelop.score\ndef action(datum):\n    yield datum\n${'# padding\n'.repeat(200)}`
const model = (name: string) => ({
  modelMetaData: { name, type: 'PYTHON', tags: ['cc-fraud'], myOwn: { kept: [1, { two: 2 }] } },
  modelAssets: [
    {
      name: 'model.py',
      assetType: 'SOURCE_CODE',
      assetRole: 'MODEL_SOURCE',
      primaryModelSource: true,
      sourceCode: source,
    },
    { name: 'weights.json', assetType: 'FILE', assetRole: 'WEIGHTS_FILE', fileContentString: '{"w":1}' },
  ],
})

describe('stored models', () => {
  it('a create answers 201 with Location, ETag and the document, and single documents carry contents', async () => {
    const response = await wing.ann.send('POST', '/model-manage/api/storedModels', model('made'))
    const body = (await response.json()) as Record<string, never>
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`${origin}/model-manage/api/storedModels/${body.id}`)
    expect(response.headers.get('etag')).toBe('"0"')
    const got = await wing.ann.storedModels.get(String(body.id))
    expect(got).toEqual(body)
    expect(got.modelAssets[0]?.sourceCode).toBe(source)
    expect(got.modelAssets[1]).toMatchObject({ fileContentString: '{"w":1}', fileSize: 7, metaData: { tags: [] } })
    expect(got).toMatchObject({
      createdBy: 'ann',
      lastModifiedBy: 'ann',
      version: 0,
      _links: { self: { href: `${origin}/model-manage/api/storedModels/${body.id}` } },
    })
    expect(got.createdDate).toMatch(isoPattern)
  })

  it('keep members they do not know', async () => {
    const { id } = await wing.ann.storedModels.create(model('unknown members'))
    expect((await wing.ann.storedModels.get(id)).modelMetaData.myOwn).toEqual({ kept: [1, { two: 2 }] })
  })

  it('without a name are 400, at once and by a patch; an unnamed inline model of a job is not stored and needs none', async () => {
    for (const body of [{}, { modelMetaData: {} }, { modelMetaData: { name: ' ' } }])
      expect(await failureOf(wing.ann.storedModels.create(body))).toMatchObject({
        kind: 'InputError',
        message: expect.stringContaining("'modelMetaData.name' is missing"),
      })
    const { id } = await wing.ann.storedModels.create(model('named'))
    const patch = { modelMetaData: { name: null } }
    expect((await failureOf(wing.ann.storedModels.patch(id, patch))).message).toContain('is missing')
    expect(await wing.ann.storedModels.get(id)).toMatchObject({ version: 0, modelMetaData: { name: 'named' } })
    const { jobs } = wing.ann
    const failure = await failureOf(jobs.create({ model: { storedModel: model('') }, inputData: [] }))
    expect(failure.message).not.toContain('modelMetaData.name')
  })

  it.each(['../../evil.py', 'a/../../evil.py', '..\\evil.py', '..'])('with an asset named %s are 400', async (name) => {
    for (const asset of [{ filename: name }, { name }, { name: 'x', sourceCodeFilePath: name }]) {
      const body = { ...model('climbs'), modelAssets: [{ assetType: 'FILE', fileContentString: '', ...asset }] }
      expect(await failureOf(wing.ann.storedModels.create(body))).toMatchObject({
        ...{ kind: 'InputError', code: 'UnsafeAssetPath' },
        message: expect.stringMatching(/^'modelAssets\[0\]\.(name|filename|sourceCodeFilePath)' is '/),
      })
    }
    const dots = { ...model('dots'), modelAssets: [{ name: 'a..b/c...py', assetType: 'FILE', fileContentString: '' }] }
    expect((await wing.ann.storedModels.create(dots)).modelAssets[0]?.name).toBe('a..b/c...py')
  })

  it('ignore server-owned members of a request', async () => {
    const body = {
      ...model('owned'),
      id: 'mine',
      version: 77,
      createdDate: '1999-01-01T00:00:00.000Z',
      createdBy: 'me',
      _links: {},
    }
    const made = await wing.ann.storedModels.create(body)
    expect(made).toMatchObject({ version: 0, createdBy: 'ann' })
    expect(made.id).not.toBe('mine')
  })

  it('a list is newest first, in pages, without contents', async () => {
    for (const name of ['first', 'second', 'third']) await wing.ann.storedModels.create(model(name))
    const list = await wing.ann.storedModels.list({ size: 2 })
    expect(list._embedded.storedModels?.map((each) => each.modelMetaData.name)).toEqual(['third', 'second'])
    expect(list.page?.size).toBe(2)
    expect(list.page?.totalElements).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(list)).not.toMatch(/sourceCode"|fileContent|\$content/)
    const sorted = await wing.ann.storedModels.list({ sort: 'createdDate,asc', size: 1 })
    expect(sorted._embedded.storedModels?.[0]?.modelMetaData.name).toBe('made')
    expect((await failureOf(wing.ann.storedModels.list({ sort: 'colour,asc' }))).message).toContain('createdDate')
  })

  it('are found by name, and an empty search is 200 with an empty list', async () => {
    await wing.ann.storedModels.create(model('found me'))
    const path = '/model-manage/api/storedModels/search/findAllByName'
    const hits = await wing.ann.call<{ _embedded: { storedModels: { id: string }[] } }>('GET', path, undefined, {
      query: { name: 'found me' },
    })
    expect(hits._embedded.storedModels).toHaveLength(1)
    const none = await wing.ann.call('GET', path, undefined, { query: { name: 'nobody' } })
    expect(none).toMatchObject({ _embedded: { storedModels: [] }, page: { totalElements: 0 } })
    const either = await wing.ann.call<typeof hits>(
      'GET',
      '/model-manage/api/storedModels/search/findAllByIdOrName',
      undefined,
      {
        query: { name: hits._embedded.storedModels[0]?.id },
      },
    )
    expect(either._embedded.storedModels).toHaveLength(1)
  })

  it('a patch merges deeply, raises the version and keeps contents', async () => {
    const { id } = await wing.ann.storedModels.create(model('patched'))
    const patch = { modelMetaData: { modelStage: 'PROD', useCaseInfo: { business: { primaryDriver: 'x' } } } }
    const body = await wing.bob.storedModels.patch(id, patch)
    expect(body).toMatchObject({ version: 1, createdBy: 'ann', lastModifiedBy: 'bob' })
    expect(body.modelMetaData).toMatchObject({ name: 'patched', modelStage: 'PROD', myOwn: { kept: [1, { two: 2 }] } })
    expect((await wing.ann.storedModels.get(id)).modelAssets[0]?.sourceCode).toBe(source)
  })

  it('a patch with the assets as a list shows them keeps their contents and credentials; one that says less takes them away', async () => {
    const url = { name: 'in', assetType: 'EXTERNAL_FILE', fileUrl: 'http://KEY:SECRETWORD@host/in.csv' }
    const made = await wing.ann.storedModels.create({
      ...model('sent back'),
      modelAssets: [...model('').modelAssets, url],
    })
    const listed = (await wing.ann.storedModels.list({ size: 1 }))._embedded.storedModels?.[0]
    expect(JSON.stringify(listed)).not.toContain('modelop.score')
    const [code, weights, file] = listed?.modelAssets ?? []
    const back = await wing.ann.storedModels.patch(made.id, { ...listed, modelAssets: [file, weights, code] })
    expect(back.modelAssets).toMatchObject([
      { fileUrl: 'http://host/in.csv' },
      { fileContentString: '{"w":1}' },
      { sourceCode: source },
    ])
    const credentials = async () =>
      (await wing.pool.query('select path from model_manage.credential where owner_id = $1', [made.id])).rows
    expect(await credentials()).toEqual([{ path: 'modelAssets[0]' }])
    const elsewhere = { ...file, fileUrl: 'http://other/in.csv' }
    const less = { modelAssets: [elsewhere, { ...code, sourceCode: null }] }
    expect((await wing.ann.storedModels.patch(made.id, less)).modelAssets[1]?.sourceCode ?? null).toBeNull()
    expect(await credentials()).toEqual([])
  })

  it('a patch that leads an asset elsewhere takes no credentials there', async () => {
    const sqlAsset = (host: string) => ({
      ...{ assetId: 'a', name: 'db', assetType: 'SQL_ASSET' },
      repositoryInfo: { repositoryType: 'SQL', connectionUri: `postgres://${host}/db` },
    })
    const made = await wing.ann.storedModels.create({ ...model('led'), modelAssets: [sqlAsset('KEY:SECRETWORD@host')] })
    const credentials = async () =>
      (await wing.pool.query('select 1 from model_manage.credential where owner_id = $1', [made.id])).rowCount
    await wing.ann.storedModels.patch(made.id, { modelAssets: [sqlAsset('host')] })
    expect(await credentials()).toBe(1)
    await wing.ann.storedModels.patch(made.id, { modelAssets: [sqlAsset('other')] })
    expect(await credentials()).toBe(0)
  })

  it('a patch of an outdated version is 412 and changes nothing', async () => {
    const { id } = await wing.ann.storedModels.create(model('raced'))
    await wing.ann.storedModels.patch(id, { modelMetaData: { description: 'a' } }, { headers: { 'if-match': '"0"' } })
    const late = await failureOf(
      wing.bob.storedModels.patch(id, { modelMetaData: { description: 'b' } }, { headers: { 'if-match': '"0"' } }),
    )
    expect(late).toMatchObject({ code: 'StaleRevision', data: { status: 412 } })
    expect((await wing.ann.storedModels.get(id)).modelMetaData.description).toBe('a')
  })

  it('an unknown id is 404, whether or not it could be one', async () => {
    for (const id of ['nope', '00000000-0000-4000-8000-000000000000']) {
      expect(await failureOf(wing.ann.storedModels.get(id))).toMatchObject({
        kind: 'NotFound',
        message: `No stored model with id '${id}'`,
      })
    }
  })

  it('an embedded file over 10 MiB is 413 and says how to upload it', async () => {
    const big = { name: 'big.csv', assetType: 'FILE', fileContentString: 'x'.repeat(11 * 1024 * 1024) }
    const failure = await failureOf(wing.ann.storedModels.create({ ...model('big'), modelAssets: [big] }))
    expect(failure).toMatchObject({ code: 'EmbeddedFileTooLarge', data: { status: 413 } })
    expect(failure.message).toContain('POST /model-manage/api/files')
  })

  it.each([
    [{ modelMetaData: { name: 'a\u0000b' } }, "'modelMetaData.name' holds the character U+0000"],
    [
      { ...model('x'), modelAssets: [{ name: 'x', fileContentString: '\u0000' }] },
      "'modelAssets[0].fileContentString' holds",
    ],
    [{ modelMetaData: { name: 'x', custom: { 'a\u0000': 1 } } }, "'modelMetaData.custom' holds the character U+0000"],
    [{ ...model('x'), note: 'a\ud800' }, "'note' holds half a surrogate pair"],
  ])('text that cannot be stored as it is is 400 and says where: %j', async (body, says) => {
    const failure = await failureOf(wing.ann.storedModels.create(body))
    expect(failure).toMatchObject({ kind: 'InputError', code: 'UnstorableText' })
    expect(failure.message).toContain(says)
  })

  it('a name may have any length, and is found by it', async () => {
    const name = randomBytes(5_000).toString('base64')
    const { id } = await wing.ann.storedModels.create(model(name))
    const path = '/model-manage/api/storedModels/search/findAllByName'
    const found = await wing.ann.call('GET', path, undefined, { query: { name } })
    expect(found).toMatchObject({ _embedded: { storedModels: [{ id }] } })
    await register(wing, 'long-names', ['long-name', 'DEV'])
    const snapshot = await wing.ann.deployableModels.create({ storedModel: { id }, metaData: { tags: ['long-name'] } })
    const wish = { deployableModel: { id: snapshot.id }, stage: 'DEV' }
    expect((await wing.ann.deployedModels.create(wish))._embedded.deployedModels).toHaveLength(1)
  })

  it('an embedded file is weighed without the line breaks of its base64, and refused when it is none', async () => {
    const embed = (fileContent: string) =>
      wing.ann.storedModels.create({ ...model('b64'), modelAssets: [{ name: 'f', fileContent }] })
    const lines = (bytes: number) => Buffer.alloc(bytes).toString('base64').replaceAll(/.{76}/g, '$&\r\n')
    expect((await embed(lines(embeddedBytesMax))).modelAssets[0]?.fileSize).toBe(embeddedBytesMax)
    expect((await embed('YQ')).modelAssets[0]?.fileSize).toBe(1)
    expect(await failureOf(embed(lines(embeddedBytesMax + 1)))).toMatchObject({ code: 'EmbeddedFileTooLarge' })
    for (const broken of ['a,b', 'YWJjZ', 'YQ==='])
      expect((await failureOf(embed(broken))).message).toContain("'modelAssets[0].fileContent' is not base64")
  })

  it('keep passwords in URLs to themselves', async () => {
    const asset = { name: 'in', assetType: 'EXTERNAL_FILE', fileUrl: 'http://KEY:SECRETWORD@host/in.csv' }
    const made = await wing.ann.storedModels.create({ ...model('secret'), modelAssets: [asset] })
    expect(made.modelAssets[0]?.fileUrl).toBe('http://host/in.csv')
    const rows = await wing.pool.query(
      `select stored_model.document::text from model_manage.stored_model where id = $1`,
      [made.id],
    )
    expect(rows.rows[0].document).not.toContain('SECRETWORD')
  })

  it('tell the MLC of each creation and change, in order', async () => {
    const { id } = await wing.ann.storedModels.create(model('told'))
    await wing.ann.storedModels.patch(id, { modelMetaData: { description: 'x' } })
    const events = await eventually(() => {
      const mine = wing.told.filter((event) => event.objectId === id)
      return mine.length === 2 && mine
    })
    expect(events.map((event) => event.signal)).toEqual(['model_created', 'model_changed'])
    expect(signalPrefix + events[0]?.signal).toBe('com.modelop.mlc.definitions.Signals_model_created')
    expect(events[1]?.variables.STORED_MODEL).toMatchObject({ id, version: 1, modelMetaData: { description: 'x' } })
    expect(JSON.stringify(events)).not.toContain('sourceCode"')
  })
})

describe('snapshots', () => {
  it('made at the same moment have names of their own', async () => {
    const stored = await wing.ann.storedModels.create(model('at once'))
    const wish = { storedModel: { id: stored.id }, metaData: { tags: ['cc-fraud'] } }
    const made = await Promise.all([1, 2, 3, 4].map(() => wing.ann.deployableModels.create(wish)))
    expect(made.map(({ metaData }) => metaData.name).sort()).toEqual([1, 2, 3, 4].map((n) => `at once_v${n}`))
  })

  it('carry a full copy of the model that later changes do not touch', async () => {
    const stored = await wing.ann.storedModels.create(model('copied'))
    const snapshot = await wing.ann.deployableModels.create({
      storedModel: { id: stored.id },
      metaData: { tags: ['cc-fraud'] },
      targetRuntimes: [{ tags: ['DEV'] }],
      note: { fileUrl: 'http://KEY:SECRETWORD@host/in.csv' },
    })
    await wing.ann.storedModels.patch(stored.id, { modelMetaData: { name: 'renamed' }, modelAssets: [] })
    const got = await wing.ann.deployableModels.get(snapshot.id)
    expect(got.storedModel).toMatchObject({
      id: stored.id,
      version: 0,
      modelMetaData: { name: 'copied', tags: ['cc-fraud'] },
    })
    expect(got.storedModel.modelAssets[0]?.sourceCode).toBe(source)
    expect(got).toMatchObject({
      metaData: { name: 'copied_v1', tags: ['cc-fraud'] },
      targetRuntimes: [{ tags: ['DEV'] }],
      note: { fileUrl: 'http://host/in.csv' },
    })
  })

  it('always show storedModel.modelMetaData.tags in lists, newest first', async () => {
    const bare = await wing.ann.storedModels.create({ modelMetaData: { name: 'bare' } })
    const snapshot = await wing.ann.deployableModels.create({ storedModel: { id: bare.id } })
    const [first] = (await wing.ann.deployableModels.list())._embedded.deployableModels ?? []
    expect(first).toMatchObject({ id: snapshot.id, storedModel: { id: bare.id, modelMetaData: { tags: [] } } })
    expect(first?.createdDate).toMatch(isoPattern)
  })

  it('tell the MLC that they are there', async () => {
    const stored = await wing.ann.storedModels.create(model('snap told'))
    const { id } = await wing.ann.deployableModels.create({ storedModel: { id: stored.id }, metaData: { tags: ['t'] } })
    const event = await eventually(() => wing.told.find((each) => each.objectId === id))
    expect(event).toMatchObject({
      signal: 'deployable_model_changed',
      variables: { DEPLOYABLE_MODEL: { id, storedModel: { id: stored.id } } },
    })
  })

  it('of an unknown model are 404; a tag that is no tag is 400', async () => {
    const unknown = '00000000-0000-4000-8000-000000000000'
    expect((await failureOf(wing.ann.deployableModels.create({ storedModel: { id: unknown } }))).message).toContain(
      'stored model',
    )
    const stored = await wing.ann.storedModels.create(model('tags'))
    const failure = await failureOf(
      wing.ann.deployableModels.create({ storedModel: { id: stored.id }, metaData: { tags: ['a,b'] } }),
    )
    expect(failure).toMatchObject({ kind: 'InputError', code: 'InvalidTag' })
  })

  it('a patch changes what is said about them, never the copied model', async () => {
    const stored = await wing.ann.storedModels.create(model('snap patch'))
    const { id } = await wing.ann.deployableModels.create({ storedModel: { id: stored.id } })
    await wing.ann.call('PATCH', `/model-manage/api/deployableModels/${id}`, {
      metaData: { name: null, tags: ['new'] },
      storedModel: { id: 'x', modelMetaData: { name: 'forged' } },
    })
    expect(await wing.ann.deployableModels.get(id)).toMatchObject({
      version: 1,
      metaData: { name: 'snap patch_v1', tags: ['new'] },
      storedModel: { id: stored.id, modelMetaData: { name: 'snap patch' } },
    })
  })
})

describe('the wing', () => {
  it('a repeated Idempotency-Key gives the same answer, another body 409, another caller a new document', async () => {
    const post = (client: Wing['ann'], name: string) =>
      client.send('POST', '/model-manage/api/storedModels', model(name), { headers: { 'idempotency-key': 'k1' } })
    const first = await post(wing.ann, 'once')
    const second = await post(wing.ann, 'once')
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    const { id } = (await first.json()) as { id: string }
    expect(((await second.json()) as { id: string }).id).toBe(id)
    expect((await failureOf(post(wing.ann, 'other'))).code).toBe('IdempotencyKeyReused')
    expect(((await (await post(wing.bob, 'once')).json()) as { id: string }).id).not.toBe(id)
  })

  it('tells in /openapi.json what its routes take, by names that are all there', async () => {
    const document = wing.app.swagger() as {
      paths: Record<string, Record<string, { summary?: string; requestBody?: unknown }>>
      components: { schemas: Record<string, { properties?: object }> }
    }
    const { post } = document.paths['/model-manage/api/storedModels'] ?? {}
    expect(post?.summary).toContain('Register')
    expect(JSON.stringify(post?.requestBody)).toContain('{"$ref":"#/components/schemas/StoredModelInput"}')
    const job = document.paths['/model-manage/api/jobs']?.post?.requestBody
    expect(JSON.stringify(job)).toContain('{"$ref":"#/components/schemas/JobInput"}')
    const { schemas } = document.components
    expect(Object.keys(schemas.AssetInput?.properties ?? {})).toEqual(expect.arrayContaining(['fileUrl', 'sourceCode']))
    expect(schemas.JobInput?.properties).toMatchObject({
      inputData: {
        anyOf: expect.arrayContaining([
          expect.objectContaining({ items: { $ref: '#/components/schemas/AssetInput' } }),
        ]),
      },
    })
    const named = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name)
    expect([...new Set(named)].sort()).toEqual(Object.keys(schemas).sort())
  })
})
