import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deployedModel, register, snapshotOf } from './fleet.ts'
import { failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

describe('runtimes', () => {
  it('register with initial tags and their stage as a tag, and are alive', async () => {
    const registered = await register(wing, 'fresh', ['cc-fraud'], { stage: 'DEV' })
    expect(registered).toMatchObject({
      name: 'fresh',
      tags: ['cc-fraud', 'DEV'],
      session: 1,
      heartbeatMs: 10_000,
      leaseMs: 30_000,
    })
    const engine = await wing.ann.engines.get(registered.id)
    expect(engine).toMatchObject({
      name: 'fresh',
      state: 'INIT',
      alive: true,
      inputEndpoints: [],
      queue: { waiting: 0, running: 0 },
      engineType: 'MODEL_OP_ENGINE',
    })
  })

  it('keep the tags that people gave them when they register again, and their old session is outdated', async () => {
    const first = await register(wing, 'again', ['a'])
    await wing.ann.engines.patch(first.id, { tags: ['a', 'PROD'] })
    const second = await register(wing, 'again', ['b'])
    expect(second).toMatchObject({ id: first.id, tags: ['a', 'PROD'], session: 2 })
    const failure = await failureOf(wing.runtime.engines.heartbeat(first.id, { session: first.session }))
    expect(failure).toMatchObject({ kind: 'Conflict', code: 'RuntimeOutdated' })
    await wing.runtime.engines.heartbeat(second.id, { session: second.session, state: 'FINISHING' })
    expect((await wing.ann.engines.get(first.id)).state).toBe('FINISHING')
  })

  it('are found by all of the tags asked for, compared exactly', async () => {
    await register(wing, 'tagged', ['one', 'two'])
    const find = async (tags: string[]) =>
      (await wing.ann.engines.findByTags(tags))._embedded.engines?.map((each) => each.name)
    expect(await find(['one', 'two'])).toEqual(['tagged'])
    expect(await find(['ONE'])).toEqual([])
    const search = '/model-manage/api/engines/search/findAllByTags'
    const oneByOne = await wing.ann.call('GET', `${search}?tags=one&tags=two`)
    expect(oneByOne).toMatchObject({ _embedded: { engines: [{ name: 'tagged' }] } })
    expect((await failureOf(wing.ann.call('GET', search))).message).toContain("'tags' of the query: expected a text")
  })

  it('are no longer alive when their heartbeat has run out, and alive again with the next', async () => {
    const { id, session } = await register(wing, 'sleepy', [])
    await wing.clock.forward(31_000)
    expect((await wing.ann.engines.get(id)).alive).toBe(false)
    await wing.runtime.engines.heartbeat(id, { session })
    expect((await wing.ann.engines.get(id)).alive).toBe(true)
  })

  it('are registered by a runtime credential only; people may edit, runtimes may not', async () => {
    expect(await failureOf(wing.ann.engines.register({ name: 'forged' }))).toMatchObject({ code: 'Forbidden' })
    const { id } = await register(wing, 'theirs', [])
    expect(await failureOf(wing.runtime.engines.patch(id, { tags: [] }))).toMatchObject({ code: 'Forbidden' })
  })

  it('get a stage as a tag when people set it, in place of the former', async () => {
    const { id } = await register(wing, 'moved', ['x'], { stage: 'DEV' })
    expect((await wing.ann.engines.patch(id, { stage: 'PROD' })).tags).toEqual(['x', 'PROD'])
    expect(await wing.ann.engines.patch(id, { stage: null })).toMatchObject({ tags: ['x'], stage: null })
    await wing.ann.engines.patch(id, { stage: 'SIT' })
    expect(await wing.ann.engines.patch(id, { tags: ['x', 'y'] })).toMatchObject({ tags: ['x', 'y'], stage: null })
  })

  it.each([{ stage: 5 }, { tags: 'DEV' }, { tags: ['a,b'] }, { inProduction: 'yes' }, { inputEndpoints: [5] }])(
    'an edit of the wrong kind is 400 and changes nothing: %j',
    async (patch) => {
      const { id, tags } = await register(wing, 'typed', ['x'], { stage: 'DEV' })
      const { version } = await wing.ann.engines.get(id)
      expect(await failureOf(wing.ann.engines.patch(id, patch))).toMatchObject({ kind: 'InputError' })
      expect(await wing.ann.engines.get(id)).toMatchObject({ version, tags, stage: 'DEV', inProduction: false })
    },
  )

  it('an edit that names nothing people may change is 400 and says what they may', async () => {
    const { id } = await register(wing, 'unmoved', ['x'])
    for (const patch of [{ tag: ['y'] }, { name: 'other', slots: 9 }, { tags: undefined, state: 'RUNNING', id: 'x' }]) {
      const failure = await failureOf(wing.ann.engines.patch(id, patch))
      expect(failure).toMatchObject({
        kind: 'InputError',
        data: { editable: expect.arrayContaining(['tags', 'stage']) },
      })
      expect(failure.message).toMatch(/people change tags, stage, group, inputEndpoints/)
    }
    expect(await wing.ann.engines.get(id)).toMatchObject({ version: 0, tags: ['x'], name: 'unmoved' })
  })

  it.each([{}, { id: 'x', version: 99, createdDate: 5, _links: null }])(
    'an edit that names only what the server writes is ignored, not refused: %j',
    async (patch) => {
      const { id } = await register(wing, 'owned', ['x'], { stage: 'DEV' })
      const { createdDate, tags } = await wing.ann.engines.get(id)
      const edited = await wing.ann.engines.patch(id, patch as Record<string, unknown>)
      expect(edited).toMatchObject({ id, createdDate, tags, name: 'owned', stage: 'DEV' })
    },
  )

  it('an edit of an outdated version is refused; what the runtime says of itself is not for people to edit', async () => {
    const { id } = await register(wing, 'versioned', [])
    const edited = await wing.ann.engines.patch(
      id,
      { tags: ['t'], name: 'other', slots: 9, note: 'mine' },
      { headers: { 'if-match': '"0"' } },
    )
    expect(edited).toMatchObject({ version: 1, name: 'versioned', slots: 1, tags: ['t'], note: 'mine' })
    expect(await failureOf(wing.bob.engines.patch(id, { tags: [] }, { headers: { 'if-match': '"0"' } }))).toMatchObject(
      { code: 'StaleRevision' },
    )
  })
})

describe('deployments', () => {
  it('are made for each runtime that carries service tag and stage and has no endpoints', async () => {
    await register(wing, 'd1', ['dep', 'DEV'])
    await register(wing, 'd2', ['dep', 'DEV'])
    await register(wing, 'd3', ['dep'])
    const online = await register(wing, 'd4', ['dep', 'DEV'])
    await wing.ann.engines.patch(online.id, { inputEndpoints: [{ endpointType: 'REST', path: '/score' }] })
    const snapshot = await snapshotOf(wing, 'dep model', ['dep'])
    const response = await wing.ann.send('POST', '/model-manage/api/deployedModels', {
      deployableModel: { id: snapshot.id },
      stage: 'DEV',
    })
    const list = (await response.json()) as {
      _embedded: { deployedModels: { id: string; engine: { name: string } }[] }
    }
    expect(response.status).toBe(201)
    expect(list._embedded.deployedModels.map((each) => each.engine.name).sort()).toEqual(['d1', 'd2'])
    expect(list._embedded.deployedModels[0]).toMatchObject({
      state: 'DEPLOYED',
      stage: 'DEV',
      serviceTags: ['dep'],
      deployableModel: { id: snapshot.id },
    })
  })

  it('a runtime that shows endpoints of a running batch job still counts as one without', async () => {
    const { id } = await register(wing, 'transient', ['trans', 'DEV'])
    await wing.ann.engines.patch(id, {
      inputEndpoints: [{ endpointType: 'FILE', path: '/tmp/playground/batch-1/in.csv' }],
    })
    const snapshot = await snapshotOf(wing, 'transient model', ['trans'])
    const list = await wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage: 'DEV' })
    expect(list._embedded.deployedModels).toHaveLength(1)
  })

  it('the same snapshot, runtime and stage is the existing one, with input and output set anew', async () => {
    await register(wing, 'same', ['same', 'DEV'])
    const snapshot = await snapshotOf(wing, 'same model', ['same'])
    const wish = { deployableModel: { id: snapshot.id }, stage: 'DEV' }
    const first = (await wing.ann.deployedModels.create(wish))._embedded.deployedModels?.[0]
    const inputData = [{ assetType: 'EXTERNAL_FILE', fileUrl: 'file:///in/{date}.csv' }]
    const second = (await wing.ann.deployedModels.create({ ...wish, inputData }))._embedded.deployedModels?.[0]
    expect(second?.id).toBe(first?.id)
    expect(second).toMatchObject({ version: 1, inputData: [{ fileUrl: 'file:///in/{date}.csv' }], outputData: [] })
    const outputData = [{ assetType: 'EXTERNAL_FILE', fileUrl: 'file:///out.csv' }]
    const third = (await wing.ann.deployedModels.create({ ...wish, outputData }))._embedded.deployedModels?.[0]
    expect(third).toMatchObject({
      inputData: [{ fileUrl: 'file:///in/{date}.csv' }],
      outputData: [{ fileUrl: 'file:///out.csv' }],
    })
  })

  it('nobody matches: 422 that tells what each runtime lacks and what mends it', async () => {
    await register(wing, 'near-miss', ['nm', 'prod'])
    const snapshot = await snapshotOf(wing, 'nm model', ['nm'])
    const failure = await failureOf(
      wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage: 'PROD' }),
    )
    expect(failure).toMatchObject({
      kind: 'Unmet',
      code: 'NoMatchingRuntime',
      data: { nearest: 'near-miss', mend: 'moc runtime tag add near-miss PROD', stage: 'PROD', tags: ['nm'] },
    })
    expect(failure.message).toContain("has 'prod'")
    expect((failure.data.seen as unknown[]).length).toBeGreaterThan(1)
  })

  it('a snapshot without a service tag cannot be deployed: no trigger would find it', async () => {
    const snapshot = await snapshotOf(wing, 'untagged', [])
    expect(
      await failureOf(wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage: 'DEV' })),
    ).toMatchObject({ code: 'NoServiceTag' })
  })

  it('are searched by model name, state in any case of letters, and a tag that is service tag or stage', async () => {
    await register(wing, 'srch', ['srch', 'SIT'])
    const snapshot = await snapshotOf(wing, 'searched model', ['srch'])
    const { _embedded } = await wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage: 'SIT' })
    const id = _embedded.deployedModels?.[0]?.id
    const find = async (query: Record<string, string>) =>
      (await wing.ann.deployedModels.findByStoredModelNameAndStateAndTag(query))._embedded.deployedModels?.map(
        (each) => each.id,
      )
    expect(await find({ storedModelName: 'searched model', state: 'deployed', tag: 'SIT' })).toEqual([id])
    expect(await find({ storedModelName: 'searched model', state: 'Deployed', tag: 'srch' })).toEqual([id])
    expect(await find({ storedModelName: 'searched model', state: 'undeployed' })).toEqual([])
    expect(await find({ storedModelName: 'searched model', tag: 'sit' })).toEqual([])
  })

  it('the newest for tag and stage is found, and after an undeployment 422 says so', async () => {
    await register(wing, 'newest', ['nw', 'UAT'])
    const snapshots = [await snapshotOf(wing, 'nw', ['nw']), await snapshotOf(wing, 'nw', ['nw'])]
    for (const { id } of snapshots) await wing.ann.deployedModels.create({ deployableModel: { id }, stage: 'UAT' })
    const newest = await wing.mlc.deployedModels.findMostRecentBatch('nw', 'UAT')
    expect(newest.deployableModel.id).toBe(snapshots[1]?.id)
    for (const each of (await wing.ann.deployedModels.findByStoredModelNameAndStateAndTag({ tag: 'nw' }))._embedded
      .deployedModels ?? []) {
      expect(await wing.ann.deployedModels.patch(each.id, { state: 'UNDEPLOYED' })).toMatchObject({
        state: 'UNDEPLOYED',
        undeployTime: expect.stringMatching(/Z$/),
      })
    }
    const failure = await failureOf(wing.mlc.deployedModels.findMostRecentBatch('nw', 'UAT'))
    expect(failure).toMatchObject({
      code: 'ModelNotDeployed',
      data: { nearest: { state: 'UNDEPLOYED' }, mend: `moc deployment create ${snapshots[1]?.id} --stage UAT` },
    })
  })

  it('a stage in another case of letters is told as nearly right', async () => {
    await register(wing, 'cased', ['cs', 'prod'])
    const snapshot = await snapshotOf(wing, 'cased', ['cs'])
    await wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage: 'prod' })
    expect((await failureOf(wing.mlc.deployedModels.findMostRecentBatch('cs', 'PROD'))).message).toContain(
      "MODEL_STAGE 'prod'",
    )
  })

  it('keep their stage and tags, whoever asks; null takes input and output away', async () => {
    await register(wing, 'stay', ['st', 'DEV'])
    const data = [{ assetType: 'EXTERNAL_FILE', fileUrl: 'file:///in.csv' }]
    const made = await deployedModel(wing, 'st', 'DEV', { inputData: data, outputData: data })
    for (const patch of [{ stage: 'PROD' }, { serviceTags: ['other'] }, { state: 'GONE' }, { state: 'ERROR' }])
      expect(await failureOf(wing.ann.deployedModels.patch(made.id, patch))).toMatchObject({
        message: expect.stringContaining(`'${Object.keys(patch)[0]}'`),
      })
    const sentBack = await wing.ann.deployedModels.patch(made.id, { ...made, inputData: null })
    expect(sentBack).toMatchObject({ stage: 'DEV', inputData: [], outputData: data, state: 'DEPLOYED' })
    const search = wing.ann.deployedModels.findByStoredModelNameAndStateAndTag({ state: 'gone' })
    expect((await failureOf(search)).message).toContain('DEPLOYED, UNDEPLOYED')
  })

  it('once undeployed do not come back by a patch, but by a new deployment', async () => {
    await register(wing, 'back', ['bk', 'DEV'])
    const snapshot = await snapshotOf(wing, 'back', ['bk'])
    const wish = { deployableModel: { id: snapshot.id }, stage: 'DEV' }
    const id = (await wing.ann.deployedModels.create(wish))._embedded.deployedModels?.[0]?.id ?? ''
    await wing.ann.deployedModels.patch(id, { state: 'undeployed' })
    expect(await failureOf(wing.ann.deployedModels.patch(id, { state: 'DEPLOYED' }))).toMatchObject({
      code: 'AlreadyUndeployed',
    })
    expect((await wing.ann.deployedModels.create(wish))._embedded.deployedModels?.[0]?.id).not.toBe(id)
  })
})
