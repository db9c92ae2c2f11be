import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvInput, deployedModel, leased, modelBody, register } from './fleet.ts'
import { failureOf, startWing, type Wing } from './wing.ts'

let wing: Wing
beforeAll(async () => {
  wing = await startWing()
})
afterAll(() => wing.stop())

const unknownId = '00000000-0000-4000-8000-000000000000'

describe('the runtime of a new job', () => {
  it('is matched on the tags of now: a tag removed after the deployment is 422 with what mends it', async () => {
    const engine = await register(wing, 'retag', ['retag', 'DEV'])
    const { id } = await deployedModel(wing, 'retag', 'DEV')
    await wing.ann.engines.patch(engine.id, { tags: ['retag', 'dev'] })
    const failure = await failureOf(wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }))
    expect(failure).toMatchObject({
      code: 'NoMatchingRuntime',
      data: { nearest: 'retag', mend: 'moc runtime tag add retag DEV' },
    })
    await wing.ann.engines.patch(engine.id, { tags: ['retag', 'DEV'] })
    expect((await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })).id).toBeTruthy()
  })

  it('may go to a runtime that came after the deployment: idle first, then the shortest queue', async () => {
    const first = await register(wing, 'b-first', ['later', 'DEV'])
    const { id } = await deployedModel(wing, 'later', 'DEV')
    const create = async () => {
      const job = await wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
      return (await wing.ann.jobs.get(job.id)).targetEngine?.name
    }
    expect(await create()).toBe('b-first')
    await register(wing, 'a-later', ['later', 'DEV'])
    await leased(wing, first)
    expect(await create()).toBe('a-later')
    expect(await create()).toBe('a-later')
    expect(await create()).toBe('b-first')
  })

  it('of an undeployed deployment is 422, of an unknown one 404, of none at all 400', async () => {
    await register(wing, 'und', ['und', 'DEV'])
    const { id } = await deployedModel(wing, 'und', 'DEV')
    await wing.ann.deployedModels.patch(id, { state: 'UNDEPLOYED' })
    const failure = await failureOf(wing.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }))
    expect(failure).toMatchObject({ code: 'ModelNotDeployed' })
    expect(failure.message).toContain('moc deployment create')
    expect(await failureOf(wing.ann.jobs.create({ deployedModel: { id: unknownId } }))).toMatchObject({
      kind: 'NotFound',
    })
    expect(await failureOf(wing.ann.jobs.create({ inputData: csvInput() }))).toMatchObject({ kind: 'InputError' })
  })

  it('of a snapshot goes by its deployment in the stage asked for', async () => {
    await register(wing, 'snap-dev', ['snap', 'DEV'])
    const deployment = await deployedModel(wing, 'snap', 'DEV')
    const model = { id: deployment.deployableModel.id }
    const job = await wing.ann.jobs.create({ model, stage: 'DEV', inputData: csvInput() })
    expect(job.deployedModel?.id).toBe(deployment.id)
    const failure = await failureOf(wing.ann.jobs.create({ model, stage: 'PROD', inputData: csvInput() }))
    expect(failure).toMatchObject({
      code: 'ModelNotDeployed',
      data: { mend: `moc deployment create ${model.id} --stage PROD` },
    })
    const near = await failureOf(wing.ann.jobs.create({ model, stage: 'dev', inputData: csvInput() }))
    expect(near.message).toContain('is not deployed to stage dev, but to DEV (stages are compared exactly)')
    expect(near.data.nearest).toBe('DEV')
  })

  it('of a stored model goes to a runtime with the tags of its metadata', async () => {
    await register(wing, 'batchjob', ['bj'])
    const stored = await wing.ann.storedModels.create(
      modelBody('bj', { modelMetaData: { name: 'bj', type: 'PYTHON', tags: ['bj'] } }),
    )
    const job = await wing.ann.jobs.create({ storedModel: { id: stored.id }, inputData: csvInput() })
    expect((await wing.ann.jobs.get(job.id)).targetEngine?.name).toBe('batchjob')
    await wing.ann.storedModels.patch(stored.id, { modelMetaData: { tags: ['nobody-has-this'] } })
    expect(
      await failureOf(wing.ann.jobs.create({ storedModel: { id: stored.id }, inputData: csvInput() })),
    ).toMatchObject({ code: 'NoMatchingRuntime' })
  })

  it('that names a runtime unknown today stays CREATED with the reason, and is queued when that runtime registers', async () => {
    const model = { storedModel: { modelMetaData: { type: 'PYSPARK' }, modelAssets: modelBody('x').modelAssets } }
    const targetEngine = { engineType: 'SPARK_RUNTIME', name: 'spark-runtime-1' }
    const { id } = await wing.ann.jobs.create({ model, targetEngine, inputData: csvInput() })
    const before = await wing.ann.jobs.get(id)
    expect(before.jobStatus).toBe('CREATED')
    expect(before.jobMessages.join('\n')).toContain("'spark-runtime-1'")
    await register(wing, 'spark-runtime-1', [], {
      engineType: 'SPARK_RUNTIME',
      capabilities: { languages: ['PYSPARK'] },
    })
    expect(await wing.ann.jobs.get(id)).toMatchObject({
      jobStatus: 'WAITING',
      targetEngine: { name: 'spark-runtime-1' },
    })
  })

  it('that names a runtime which is silent waits for it as CREATED; for a deployed model the tags hold in any case', async () => {
    const engine = await register(wing, 'silent', [])
    await wing.runtime.engines.unregister(engine.id, engine.session)
    const model = { storedModel: modelBody('x') }
    const { id } = await wing.ann.jobs.create({ model, targetEngine: { name: 'silent' }, inputData: csvInput() })
    expect((await wing.ann.jobs.get(id)).jobMessages.join()).toContain('its heartbeat has run out')
    const again = await register(wing, 'silent', [])
    expect((await leased(wing, again)).jobId).toBe(id)
    await register(wing, 'tagged-for-it', ['held', 'DEV'])
    const deployment = await deployedModel(wing, 'held', 'DEV')
    const wish = { deployedModel: { id: deployment.id }, targetEngine: { name: 'silent' }, inputData: csvInput() }
    expect(await failureOf(wing.ann.jobs.create(wish))).toMatchObject({ code: 'NoMatchingRuntime' })
  })

  it('by the type of runtime alone is refused when there is none of it', async () => {
    const wish = {
      model: { storedModel: modelBody('x') },
      targetEngine: { engineType: 'SPARK_ON_MARS' },
      inputData: csvInput(),
    }
    expect((await failureOf(wing.ann.jobs.create(wish))).message).toContain('SPARK_ON_MARS')
  })

  it('can be restricted to the runtimes named in the deployment records', async () => {
    const strict = await startWing({ onlyDeployedRuntimes: true })
    try {
      const named = await register(strict, 'named', ['s', 'DEV'])
      const { id } = await deployedModel(strict, 's', 'DEV')
      await register(strict, 'a-later', ['s', 'DEV'])
      const job = await strict.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() })
      expect((await strict.ann.jobs.get(job.id)).targetEngine?.id).toBe(named.id)
      await strict.ann.engines.patch(named.id, { tags: [] })
      expect(await failureOf(strict.ann.jobs.create({ deployedModel: { id }, inputData: csvInput() }))).toMatchObject({
        code: 'NoMatchingRuntime',
      })
    } finally {
      await strict.stop()
    }
  })
})
