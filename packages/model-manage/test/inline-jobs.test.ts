import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { csvInput, leased, modelBody, register } from './fleet.ts'
import { failureOf, startWing, type Wing } from './wing.ts'

// each test has a fleet of its own: without tags all runtimes are candidates
let wing: Wing
beforeEach(async () => {
  wing = await startWing()
})
afterEach(() => wing.stop())

const inline = (type: string, tags: string[] = []) => ({
  storedModel: { ...modelBody('inline'), modelMetaData: { type, tags } },
})
async function runtimeFor(model: ReturnType<typeof inline>): Promise<string | null | undefined> {
  const { id } = await wing.ann.jobs.create({ model, inputData: csvInput() })
  return (await wing.ann.jobs.get(id)).targetEngine?.name
}

describe('a job with an inline model', () => {
  it('goes to runtimes with the tags of its metadata, and to any when it has none', async () => {
    const busy = await register(wing, 'a', ['x'])
    await register(wing, 'b', ['x', 'y'])
    expect(await runtimeFor(inline('PYTHON', ['y', 'x']))).toBe('b')
    expect(await runtimeFor(inline('PYTHON', [' y', '', 'x\r']))).toBe('b')
    expect(await runtimeFor(inline('PYTHON', ['x']))).toBe('a')
    await leased(wing, busy)
    await register(wing, 'c', [])
    expect(await runtimeFor(inline('PYTHON'))).toBe('c')
    expect(await failureOf(runtimeFor(inline('PYTHON', ['X'])))).toMatchObject({
      ...{ code: 'NoMatchingRuntime', data: { tags: ['X'], stage: null } },
    })
  })

  it('goes to none that cannot run its language, and to none with endpoints', async () => {
    await register(wing, 'javascript', [], { capabilities: { languages: ['JAVASCRIPT'] } })
    const online = await register(wing, 'online', [])
    await wing.ann.engines.patch(online.id, { inputEndpoints: [{ endpointType: 'REST', path: '/score' }] })
    const failure = await failureOf(runtimeFor(inline('PYTHON')))
    expect(failure.code).toBe('NoMatchingRuntime')
    const seen = failure.data.seen as { name: string; predicates: { predicate: string; passed: boolean }[] }[]
    const failed = Object.fromEntries(
      seen.map(({ name, predicates }) => [
        name,
        predicates.filter(({ passed }) => !passed).map((each) => each.predicate),
      ]),
    )
    expect(failed).toEqual({ javascript: ['language'], online: ['noEndpoints'] })
    expect(await runtimeFor(inline('JAVASCRIPT'))).toBe('javascript')
    await register(wing, 'python', [])
    expect(await runtimeFor(inline('PYTHON'))).toBe('python')
  })
})

describe('a user and a password in the URL of a model’s asset', () => {
  it('follow it into the snapshot and are handed out with the lease, not with the job, also when it is run again', async () => {
    const engine = await register(wing, 'r', ['t', 'DEV'])
    const weights = { name: 'w.bin', assetType: 'EXTERNAL_FILE', fileUrl: 'https://KEY:S3CRET@store/w.bin' }
    const stored = await wing.ann.storedModels.create({
      ...modelBody('secretive'),
      modelAssets: [...modelBody('x').modelAssets, weights],
    })
    const snapshot = await wing.ann.deployableModels.create({
      storedModel: { id: stored.id },
      metaData: { tags: ['t'] },
    })
    // when the model gets another place for it, the snapshot keeps its own
    await wing.ann.storedModels.patch(stored.id, { modelAssets: modelBody('x').modelAssets })
    await wing.ann.deployedModels.create({ deployableModel: { id: snapshot.id }, stage: 'DEV' })
    const first = await wing.ann.jobs.create({ model: { id: snapshot.id }, stage: 'DEV', inputData: csvInput() })
    const credentials = { 'model.storedModel.modelAssets[1]': { username: 'KEY', password: 'S3CRET' } }
    for (const jobId of [first.id, null]) {
      const id = jobId ?? (await wing.ann.jobs.rerun(first.id)).id
      const taken = await leased(wing, engine)
      expect(taken).toMatchObject({ jobId: id, credentials })
      expect(JSON.stringify(taken.job)).toContain('https://store/w.bin')
      expect(JSON.stringify(taken.job)).not.toContain('S3CRET')
      await wing.runtime.jobs.finish(taken, { jobStatus: 'COMPLETE', jobResult: 'SUCCESS' })
    }
  })
})
