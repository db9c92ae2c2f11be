/** The wing's tables as Kysely sees them. jsonb goes in as text and comes out parsed; bigint comes out as text. */
import type { DeployedModelState, EngineState, JobProgress, JobResult, JobStatus, JobType } from '@rowhouse/contract'
import type { ColumnType, Generated, Selectable } from 'kysely'
import type { z } from 'zod'

type Json<T> = ColumnType<T, string, string>
export type Document = Record<string, unknown>

/** Common to all documents. */
interface OwnedColumns {
  id: string
  seq: Generated<string>
  version: Generated<number>
  created_at: Date
  modified_at: Date
  created_by: string
  modified_by: string
  group_name: string | null
}

interface StoredModelTable extends OwnedColumns {
  name: string | null
  tags: string[]
  document: Json<Document>
}

interface DeployableModelTable extends OwnedColumns {
  stored_model_id: string
  stored_model_name: string | null
  name: string | null
  service_tags: string[]
  document: Json<Document>
}

interface EngineTable extends OwnedColumns {
  name: string
  engine_type: string
  state: z.infer<typeof EngineState>
  tags: string[]
  slots: number
  session: number
  lease_until: Date
  beat_at: Date
  document: Json<Document>
}

interface DeployedModelTable extends OwnedColumns {
  deployable_model_id: string
  engine_id: string
  stored_model_name: string | null
  stage: string
  service_tags: string[]
  state: z.infer<typeof DeployedModelState>
  undeployed_at: Date | null
  document: Json<Document>
}

interface JobTable extends OwnedColumns {
  job_type: JobType
  status: JobStatus
  result: Generated<JobResult>
  engine_id: string | null
  deployed_model_id: string | null
  rerun_of: string | null
  wish: Json<Document>
  asked: Json<Document>
  attempt: Generated<number>
  lost_count: Generated<number>
  cancel_reason: string | null
  wait_at: Date | null
  run_at: Date | null
  end_at: Date | null
  runtime_update_at: Date | null
  outcome: string | null
  progress: ColumnType<JobProgress | null, string | null, string | null>
  message_count: Generated<number>
  document: Json<Document>
}

interface AttemptTable {
  job_id: string
  attempt: number
  engine_id: string
  session: number
  state: 'RUNNING' | 'FINISHED' | 'LOST' | 'RELEASED'
  lease_until: Date
  started_at: Date
  ended_at: Date | null
  slot: number | null
  /** null: its runtime never spoke of it. */
  heard_at: Date | null
}

interface JobHistoryTable extends OwnedColumns {
  job_id: string
  status: JobStatus
  root_process_instance_ids: string[]
  events: Json<Document[]>
  job_mlcs: Json<Document[]>
}

interface NotificationTable extends OwnedColumns {
  document: Json<Document>
}

interface LeaseWatchTable {
  is_only: Generated<boolean>
  looked_at: Date
}

interface OutboxTable {
  id: Generated<string>
  event_id: string
  object_id: string
  signal: string
  variables: Json<Document>
  message: ColumnType<{ name: string; correlationKey: string } | null, string | null, string | null>
  created_at: Date
  tries: Generated<number>
  next_at: Date
  last_error: string | null
}

export interface Tables {
  'model_manage.content': { sha256: string; body: string }
  'model_manage.credential': { owner_id: string; path: string; sealed: Buffer }
  'model_manage.stored_model': StoredModelTable
  'model_manage.deployable_model': DeployableModelTable
  'model_manage.engine': EngineTable
  'model_manage.deployed_model': DeployedModelTable
  'model_manage.job': JobTable
  'model_manage.attempt': AttemptTable
  'model_manage.job_message': { job_id: string; n: number; text: string }
  'model_manage.lease_watch': LeaseWatchTable
  'model_manage.job_history': JobHistoryTable
  'model_manage.notification': NotificationTable
  'model_manage.file': { sha256: string; size: string; filename: string | null; created_at: Date; created_by: string }
  'model_manage.outbox': OutboxTable
}

export type StoredModelRow = Selectable<StoredModelTable>
export type DeployableModelRow = Selectable<DeployableModelTable>
export type EngineRow = Selectable<EngineTable>
export type DeployedModelRow = Selectable<DeployedModelTable>
export type JobRow = Selectable<JobTable>
export type JobHistoryRow = Selectable<JobHistoryTable>
export type NotificationRow = Selectable<NotificationTable>
export type OwnedRow = Selectable<OwnedColumns>
