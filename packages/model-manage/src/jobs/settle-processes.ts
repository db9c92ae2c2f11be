import { mlcRest, type ProcessInstanceRef } from '@rowhouse/contract'
import { type Context, systemName } from '../context.ts'
import { isRecord } from '../documents/merge-patch.ts'
import { storableJson } from '../documents/storable-json.ts'
import type { JobHistoryRow } from '../rows.ts'

const askMs = 2_000

/**
 * Histories name the process instances of their jobs as they were when the job was created. Reads ask the MLC, in one call, how those
 * stand that had not ended; what has ended meanwhile is kept. While the MLC is away the answer is what is known.
 */
export async function settleProcesses(ctx: Context, rows: JobHistoryRow[]): Promise<JobHistoryRow[]> {
  const open = new Set(rows.flatMap((row) => refsOf(row).filter(isOpen)).map((ref) => ref.id))
  if (open.size === 0) return rows
  const now = await askMlc(ctx, [...open]).catch(() => undefined)
  if (now === undefined) return rows
  return Promise.all(rows.map((row) => settleRow(ctx, row, now)))
}

type Standing = Pick<ProcessInstanceRef, 'state' | 'endTime' | 'durationInMillis'>

async function askMlc({ mlc }: Context, processInstanceIds: string[]): Promise<Map<string, Standing>> {
  const path = `${mlcRest}/history/process-instance`
  const signal = AbortSignal.timeout(askMs)
  const told = await mlc.call<(Standing & { id: string })[]>('POST', path, { processInstanceIds }, { signal })
  return new Map(
    told.map(({ id, state, endTime, durationInMillis }) => [
      id,
      // Camunda writes +0000 where our documents have Z
      { state, endTime: endTime ? new Date(endTime).toISOString() : null, durationInMillis },
    ]),
  )
}

async function settleRow(ctx: Context, row: JobHistoryRow, now: Map<string, Standing>): Promise<JobHistoryRow> {
  let hasEnded = false
  const job_mlcs = row.job_mlcs.map((entry) => {
    const ref = refOf(entry)
    const standing = ref && isOpen(ref) ? now.get(ref.id) : undefined
    if (standing === undefined) return entry
    hasEnded ||= !isOpen(standing)
    return { ...entry, processInstance: { ...ref, ...standing } }
  })
  if (!hasEnded) return { ...row, job_mlcs }
  // changed by somebody else meanwhile: the next read keeps it
  const kept = await ctx.database.kysely
    .updateTable('model_manage.job_history')
    .set({
      job_mlcs: storableJson(job_mlcs),
      version: row.version + 1,
      modified_at: ctx.now(),
      modified_by: systemName,
    })
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .returningAll()
    .executeTakeFirst()
  return kept ?? { ...row, job_mlcs }
}

function refsOf(row: JobHistoryRow): ProcessInstanceRef[] {
  return row.job_mlcs.map(refOf).filter((ref) => ref !== undefined)
}

function refOf(entry: JobHistoryRow['job_mlcs'][number]): ProcessInstanceRef | undefined {
  const ref = entry.processInstance
  return isRecord(ref) && typeof ref.id === 'string' ? (ref as object as ProcessInstanceRef) : undefined
}

function isOpen({ endTime }: Standing): boolean {
  return endTime === null || endTime === undefined
}
