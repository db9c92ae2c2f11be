import { type EngineBody, InputError, parseTag } from '@rowhouse/contract'
import { z } from 'zod'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, recordOf, storableJson, withoutOwned } from '../documents/owned.ts'
import { matchQueued } from '../jobs/match-queued.ts'
import type { Document, EngineRow } from '../rows.ts'
import { engineBody, findEngine, lockRuntimes } from './runtime-store.ts'

/** Written by the runtime itself, not by people. */
const saidByRuntime = [
  'name',
  'engineType',
  'state',
  'slots',
  'alive',
  'queue',
  'lastHeartbeatDate',
  'capabilities',
  'platform',
  'release',
  'manifoldInfo',
]
const editable = ['tags', 'stage', 'group', 'inputEndpoints', 'outputEndpoints', 'inProduction']
const endpointList = z.array(z.looseObject({ endpointType: z.string() }))

/** People edit tags, stage and endpoints; jobs already queued are matched again on the new ones. */
export async function editRuntime(
  work: Work,
  id: string,
  patch: Document,
  checkVersion: (version: number) => void,
): Promise<EngineBody> {
  checkMembers(patch)
  await lockRuntimes(work.tx)
  const before = await getRow('runtime', id, (each) => findEngine(work.tx, each))
  checkVersion(before.version)
  const merged = recordOf(mergePatch(before.document, withoutOwned(patch, ['group', 'tags', ...saidByRuntime])))
  for (const member of ['inputEndpoints', 'outputEndpoints']) {
    const parsed = endpointList.safeParse(merged[member] ?? [])
    if (!parsed.success)
      throw new InputError('InvalidField', `'${member}' must be a list of {endpointType, path}`, { field: member })
  }
  await work.tx
    .updateTable('model_manage.engine')
    .set({
      tags: tagsAfter(before, patch),
      document: storableJson(merged),
      ...editedColumns(work, before, patch),
    })
    .where('id', '=', before.id)
    .execute()
  await matchQueued(work, before.id, `runtime '${before.name}' was changed by ${work.who}`)
  return engineBody(await getRow('runtime', id, (each) => findEngine(work.tx, each)), work.now, work.ctx.prefix)
}

/** Members nobody knows are kept beside what is edited; alone they are a slip of the pen (`tag`), and would change nothing. */
function checkMembers(patch: Document): void {
  if (editable.some((member) => patch[member] !== undefined)) return
  const given = Object.keys(patch)
  const says =
    given.length === 0
      ? 'The body names nothing'
      : `Nothing of ${given.map((each) => `'${each}'`).join(', ')} can be changed`
  throw new InputError(
    'InvalidField',
    `${says}. Of a runtime people change ${editable.join(', ')}; the rest it says of itself`,
    {
      editable,
    },
  )
}

/** A stage is a tag: setting the stage adds it and takes the former stage away. */
function tagsAfter(before: EngineRow, patch: Document): string[] {
  let tags = before.tags
  if (patch.tags !== undefined) {
    const parsed = z.array(z.string()).safeParse(patch.tags ?? [])
    if (!parsed.success) throw new InputError('InvalidField', `'tags' must be a list of texts`, { field: 'tags' })
    tags = parsed.data.map(parseTag)
  }
  if (typeof patch.stage === 'string' && patch.stage !== '') {
    const former = before.document.stage
    tags = [...tags.filter((tag) => tag !== former), parseTag(patch.stage)]
  }
  return [...new Set(tags)]
}
