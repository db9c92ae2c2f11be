import type { JobBody, JobStatus, JobType } from '@rowhouse/contract'
import { sql } from 'kysely'
import type { Reader, Tx } from '../context.ts'
import { ownedBody } from '../documents/owned.ts'
import type { JobRow } from '../rows.ts'
import { progressLinesMax, storableLine, withGapsTold } from './job-message.ts'

/** Lists and events tell the last lines only. */
const tailLines = 20

export type JobWithTail = JobRow & { tail: string[] }

export const jobPathByType: Record<JobType, string> = {
  MODEL_BATCH_JOB: 'modelBatchJob',
  MODEL_BATCH_TEST_JOB: 'modelBatchTestJob',
  MODEL_BATCH_TRAINING_JOB: 'modelBatchTrainingJob',
}

/** As stored: contents are references. */
export function jobBody(row: JobRow, messages: string[], prefix: string): JobBody {
  const path = jobPathByType[row.job_type]
  const self = `${prefix}/${path}/${row.id}`
  return {
    ...(row.document as object as JobBody),
    ...ownedBody(row),
    jobType: row.job_type,
    jobStatus: row.status,
    jobResult: row.result,
    jobMessages: messages,
    outcome: row.outcome,
    progress: row.progress,
    jobWaitTime: row.wait_at?.getTime() ?? null,
    jobRunTime: row.run_at?.getTime() ?? null,
    jobEndTime: row.end_at?.getTime() ?? null,
    lastUpdateFromRuntime: row.runtime_update_at?.toISOString() ?? null,
    rerunOf: row.rerun_of,
    _links: { self: { href: self }, [path]: { href: self } },
  }
}

export function findJob(reader: Reader | Tx, id: string): Promise<JobRow | undefined> {
  return reader.selectFrom('model_manage.job').selectAll().where('id', '=', id).executeTakeFirst()
}

export function findJobForUpdate(tx: Tx, id: string): Promise<JobRow | undefined> {
  return tx.selectFrom('model_manage.job').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/** Last lines of `job`, as a column. */
export const tailOf = sql`coalesce((select array_agg(text order by n) from (
  select n, text from model_manage.job_message where job_id = job.id order by n desc limit ${sql.lit(tailLines)}) as last), '{}')`

export async function findJobWithTail(reader: Reader | Tx, id: string): Promise<JobWithTail | undefined> {
  const found = await sql<JobWithTail>`select job.*, ${tailOf} as tail from model_manage.job where id = ${id}`.execute(
    reader,
  )
  return found.rows[0]
}

/** Last lines of several jobs, by job id. */
export async function readTails(reader: Reader, ids: readonly string[]): Promise<Map<string, string[]>> {
  if (ids.length === 0) return new Map()
  const found = await sql<{ id: string; tail: string[] }>`
    select job.id, ${tailOf} as tail from unnest(${[...ids]}::uuid[]) as job(id)`.execute(reader)
  return new Map(found.rows.map((row) => [row.id, row.tail]))
}

export async function readMessages(reader: Reader, row: Pick<JobRow, 'id' | 'message_count'>): Promise<string[]> {
  const rows = await reader
    .selectFrom('model_manage.job_message')
    .select(['n', 'text'])
    .where('job_id', '=', row.id)
    .orderBy('n')
    .execute()
  return withGapsTold(rows, row.message_count)
}

/** Appends lines by the server itself: few, and always kept. */
export async function appendMessages(tx: Tx, jobId: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  await sql`
    with counted as (
      update model_manage.job set message_count = message_count + ${lines.length} where id = ${jobId}
      returning message_count - ${lines.length}::int as before)
    insert into model_manage.job_message (job_id, n, text)
    select ${jobId}, counted.before + line.n, line.text
    from counted, unnest(${lines.map(storableLine)}::text[]) with ordinality as line(text, n)`.execute(tx)
}

/** Appends one line each to several jobs. */
export async function appendMessageEach(tx: Tx, lines: readonly { jobId: string; text: string }[]): Promise<void> {
  await sql`
    with counted as (
      update model_manage.job set message_count = message_count + 1
      from unnest(${lines.map((line) => line.jobId)}::uuid[], ${lines.map((line) => storableLine(line.text))}::text[]) as line (job_id, text)
      where job.id = line.job_id
      returning job.id, job.message_count, line.text)
    insert into model_manage.job_message (job_id, n, text) select id, message_count, text from counted`.execute(tx)
}

export interface AttemptProof {
  jobId: string
  attempt: number
}

/** Progress of a running attempt in one statement; undefined when the attempt is no longer the current one. */
export async function writeProgress(
  reader: Reader,
  proof: AttemptProof,
  said: { lines: readonly string[]; progress: string | null; now: Date; leaseUntil: Date },
): Promise<{ cancel: boolean } | undefined> {
  const found = await sql<{ cancel: boolean }>`
    with alive as (
      update model_manage.attempt set
        lease_until = ${said.leaseUntil}, heard_at = coalesce(heard_at, ${said.now}::timestamptz)
      where job_id = ${proof.jobId} and attempt = ${proof.attempt} and state = 'RUNNING' returning job_id),
    told as (
      update model_manage.job set
        progress = coalesce(${said.progress}::jsonb, progress), runtime_update_at = ${said.now},
        message_count = message_count + ${said.lines.length}
      where id = (select job_id from alive)
      returning id, message_count - ${said.lines.length}::int as before, cancel_reason is not null as cancel),
    kept as (
      insert into model_manage.job_message (job_id, n, text)
      select told.id, told.before + line.n, line.text
      from told, unnest(${said.lines.map(storableLine)}::text[]) with ordinality as line(text, n)
      where told.before + line.n <= ${progressLinesMax})
    select cancel from told`.execute(reader)
  return found.rows[0]
}

/** Ends the current attempt; false when it is no longer the current one. */
export async function endAttempt(
  tx: Tx,
  proof: AttemptProof,
  state: 'FINISHED' | 'LOST' | 'RELEASED',
  now: Date,
): Promise<boolean> {
  const found = await tx
    .updateTable('model_manage.attempt')
    .set({ state, ended_at: now })
    .where('job_id', '=', proof.jobId)
    .where('attempt', '=', proof.attempt)
    .where('state', '=', 'RUNNING')
    .executeTakeFirst()
  return found.numUpdatedRows === 1n
}

export interface StatusChange {
  status: JobStatus
  now: Date
  who: string
}

/** Columns that each change of state writes. */
export function changedColumns({ status, now, who }: StatusChange) {
  return { status, version: sql<number>`version + 1`, modified_at: now, modified_by: who }
}
