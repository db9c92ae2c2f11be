import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, startWing, type Wing } from './wing.ts'

let wing: Wing

beforeEach(async () => {
  wing = await startWing()
})
afterEach(() => wing.stop())

const model = (name: string) => ({ modelMetaData: { name } })
const describeAs = (id: string, description: string) =>
  wing.ann.storedModels.patch(id, { modelMetaData: { description } })

const toldOf = (id: string) =>
  wing.told
    .filter((event) => event.objectId === id)
    .map(({ variables }) => descriptionOf(variables.STORED_MODEL as { modelMetaData: object }))
const descriptionOf = ({ modelMetaData }: { modelMetaData: { description?: string } }) => modelMetaData.description

const isEmpty = async () => (await wing.pool.query('select 1 from model_manage.outbox')).rowCount === 0

describe('the outbox', () => {
  it('sends events again until the MLC answers, those of one object in their order', async () => {
    wing.mlcAway(true)
    const { id } = await wing.ann.storedModels.create(model('away'))
    await describeAs(id, '1')
    await describeAs(id, '2')
    const tried = 'select 1 from model_manage.outbox where object_id = $1 and tries > 1'
    await eventually(async () => (await wing.pool.query(tried, [id])).rowCount === 1)
    wing.mlcAway(false)
    await eventually(isEmpty)
    expect(toldOf(id)).toEqual([undefined, '1', '2'])
  })

  it('holds back only what comes after an event that the MLC stumbles over', async () => {
    wing.mlcStumblesOver(({ variables }) => descriptionOf(variables.STORED_MODEL as never) === 'stone')
    const { id } = await wing.ann.storedModels.create(model('road'))
    for (const description of ['1', 'stone', '2']) await describeAs(id, description)
    const other = await wing.ann.storedModels.create(model('other road'))
    const stuck = 'select 1 from model_manage.outbox where object_id = $1 and tries > 2'
    await eventually(async () => (await wing.pool.query(stuck, [id])).rowCount === 1)
    expect(toldOf(id)).toEqual([undefined, '1'])
    await eventually(() => toldOf(other.id).length > 0)
    expect(toldOf(other.id)).toEqual([undefined])
    wing.mlcStumblesOver(() => false)
    await eventually(isEmpty)
    expect(toldOf(id)).toEqual([undefined, '1', 'stone', '2'])
  })

  it('sends a long row of events in their order, with several servers at it', async () => {
    wing.mlcAway(true)
    await wing.another()
    const { id } = await wing.ann.storedModels.create(model('busy'))
    const all = Array.from({ length: 70 }, (_, n) => String(n))
    for (const description of all) await describeAs(id, description)
    wing.mlcAway(false)
    await eventually(isEmpty)
    expect(toldOf(id)).toEqual([undefined, ...all])
  })
})
