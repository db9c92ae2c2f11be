import { type EngineBody, InputError, orElse, parseTag } from '@rowhouse/contract'
import { parseAs } from '@rowhouse/http'
import { z } from 'zod'
import type { Work } from '../context.ts'
import { getRow } from '../documents/answer.ts'
import { mergePatch } from '../documents/merge-patch.ts'
import { editedColumns, recordOf, withoutOwned } from '../documents/owned.ts'
import { storableJson } from '../documents/storable-json.ts'
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
const endpointList = orElse(z.array(z.looseObject({ endpointType: z.string() })), [])
/** What of a patch has a form; null is none. */
const RuntimeEdit = z.looseObject({
  tags: orElse(z.array(z.string()), []).optional(),
  stage: z.string().nullish(),
  inProduction: orElse(z.boolean(), false).optional(),
  inputEndpoints: endpointList.optional(),
  outputEndpoints: endpointList.optional(),
})
type RuntimeEdit = z.output<typeof RuntimeEdit>

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
  const edit = parseAs(RuntimeEdit, patch)
  const merged = recordOf(mergePatch(before.document, withoutOwned(edit, ['group', 'tags', 'stage', ...saidByRuntime])))
  const { tags, stage } = placeAfter(before, edit)
  await work.tx
    .updateTable('model_manage.engine')
    .set({
      tags,
      document: storableJson({ ...merged, stage }),
      ...editedColumns(work, before, patch),
    })
    .where('id', '=', before.id)
    .execute()
  await matchQueued(work, before.id, `runtime '${before.name}' was changed by ${work.who}`)
  return engineBody(await getRow('runtime', id, (each) => findEngine(work.tx, each)), work.now, work.ctx.prefix)
}

/**
 * Members nobody knows are kept beside what is edited; alone they are a slip of the pen (`tag`), and would change nothing. Members the
 * server writes are ignored, as everywhere.
 */
function checkMembers(patch: Document): void {
  const given = Object.keys(withoutOwned(patch))
  if (given.length === 0 || editable.some((member) => Object.hasOwn(patch, member))) return
  throw new InputError(
    'InvalidField',
    `Nothing of ${given.map((each) => `'${each}'`).join(', ')} can be changed. Of a runtime people change ${editable.join(', ')}; the rest it says of itself`,
    { editable },
  )
}

/** A stage is a tag: another one takes the place of the former, and without its tag a runtime is in no stage. */
function placeAfter(before: EngineRow, { tags, stage }: RuntimeEdit): { tags: string[]; stage: string | null } {
  const former = typeof before.document.stage === 'string' ? before.document.stage : null
  const given = (tags ?? before.tags).map(parseTag)
  const next = stage === undefined ? (given.find((tag) => tag === former) ?? null) : stage ? parseTag(stage) : null
  const kept = next === former ? given : given.filter((tag) => tag !== former)
  return { tags: [...new Set([...kept, ...(next === null ? [] : [next])])], stage: next }
}
