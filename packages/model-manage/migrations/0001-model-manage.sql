-- Documents are jsonb plus typed columns for what is searched, sorted or locked. `seq` breaks ties of created_at in lists.
-- Large contents of assets (sources, embedded files) live once in `content`; documents name them by SHA-256.

create table model_manage.content (
  sha256 text primary key,
  body text not null
);
-- base64 does not compress: skip the attempt
alter table model_manage.content alter column body set storage external;

-- Users and passwords taken out of URLs, AES-256-GCM. The owner is a model, snapshot, deployment or job.
create table model_manage.credential (
  owner_id uuid not null,
  path text not null,
  sealed bytea not null,
  primary key (owner_id, path)
);

create table model_manage.stored_model (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  name text,
  tags text[] not null default '{}',
  document jsonb not null
);
create index stored_model_newest on model_manage.stored_model (created_at desc, seq desc);
create index stored_model_name on model_manage.stored_model (name);

create table model_manage.deployable_model (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  stored_model_id uuid not null references model_manage.stored_model (id),
  stored_model_name text,
  name text,
  service_tags text[] not null default '{}',
  document jsonb not null
);
create index deployable_model_newest on model_manage.deployable_model (created_at desc, seq desc);
create index deployable_model_of_stored on model_manage.deployable_model (stored_model_id);
create index deployable_model_tags on model_manage.deployable_model using gin (service_tags);

create table model_manage.engine (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  name text not null unique,
  engine_type text not null,
  state text not null check (state in ('INIT', 'RUNNING', 'FINISHING', 'FINISHED', 'ERROR')),
  tags text[] not null default '{}',
  slots integer not null default 1,
  session integer not null default 0,
  lease_until timestamptz not null,
  beat_at timestamptz not null,
  document jsonb not null
);
create index engine_newest on model_manage.engine (created_at desc, seq desc);
create index engine_tags on model_manage.engine using gin (tags);

create table model_manage.deployed_model (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  deployable_model_id uuid not null references model_manage.deployable_model (id),
  engine_id uuid not null references model_manage.engine (id),
  stored_model_name text,
  stage text not null,
  service_tags text[] not null,
  state text not null check (state in ('DEPLOYED', 'UNDEPLOYED', 'ERROR')),
  undeployed_at timestamptz,
  document jsonb not null
);
create unique index deployed_model_once on model_manage.deployed_model (deployable_model_id, engine_id, stage) where state = 'DEPLOYED';
create index deployed_model_newest on model_manage.deployed_model (created_at desc, seq desc);
create index deployed_model_stage on model_manage.deployed_model (stage, state, created_at desc);
create index deployed_model_name on model_manage.deployed_model (stored_model_name);

create table model_manage.job (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  job_type text not null,
  status text not null check (status in ('CREATED', 'WAITING', 'RUNNING', 'COMPLETE', 'ERROR', 'CANCELLED')),
  result text not null default 'UNKNOWN' check (result in ('UNKNOWN', 'SUCCESS', 'FAILURE')),
  engine_id uuid references model_manage.engine (id),
  deployed_model_id uuid references model_manage.deployed_model (id),
  rerun_of uuid references model_manage.job (id),
  -- what a runtime must have to take it; matched again when runtimes change
  wish jsonb not null,
  -- data as asked for, before {date} and {jobId} were filled in: what a rerun starts from
  asked jsonb not null,
  attempt integer not null default 0,
  lost_count integer not null default 0,
  cancel_reason text,
  wait_at timestamptz,
  run_at timestamptz,
  end_at timestamptz,
  runtime_update_at timestamptz,
  outcome text,
  progress jsonb,
  -- lines ever said; those over the cap are counted here and not kept
  message_count integer not null default 0,
  document jsonb not null,
  check ((status in ('COMPLETE', 'ERROR', 'CANCELLED')) = (end_at is not null)),
  check (status <> 'COMPLETE' or result <> 'UNKNOWN')
);
create index job_newest on model_manage.job (created_at desc, seq desc);
create index job_status_newest on model_manage.job (status, created_at desc, seq desc);
create index job_queue on model_manage.job (engine_id, seq) where status = 'WAITING';
create index job_open on model_manage.job (seq) where status in ('CREATED', 'WAITING');
create index job_of_deployment on model_manage.job (deployed_model_id, created_at desc) where deployed_model_id is not null;

create table model_manage.attempt (
  job_id uuid not null references model_manage.job (id),
  attempt integer not null,
  engine_id uuid not null references model_manage.engine (id),
  session integer not null,
  state text not null check (state in ('RUNNING', 'FINISHED', 'LOST', 'RELEASED')),
  lease_until timestamptz not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (job_id, attempt)
);
-- a job runs at most once at a time
create unique index attempt_running on model_manage.attempt (job_id) where state = 'RUNNING';
create index attempt_lease on model_manage.attempt (lease_until) where state = 'RUNNING';
create index attempt_engine on model_manage.attempt (engine_id) where state = 'RUNNING';

-- a gap in `n` is lines left out
create table model_manage.job_message (
  job_id uuid not null references model_manage.job (id),
  n integer not null,
  text text not null,
  primary key (job_id, n)
);

create table model_manage.job_history (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  job_id uuid not null unique references model_manage.job (id),
  status text not null,
  root_process_instance_ids text[] not null default '{}',
  events jsonb not null,
  job_mlcs jsonb not null default '[]'
);
create index job_history_newest on model_manage.job_history (created_at desc, seq desc);
create index job_history_root on model_manage.job_history using gin (root_process_instance_ids);

create table model_manage.notification (
  id uuid primary key,
  seq bigint generated always as identity,
  version integer not null default 0,
  created_at timestamptz not null,
  modified_at timestamptz not null,
  created_by text not null,
  modified_by text not null,
  group_name text,
  document jsonb not null
);
create index notification_newest on model_manage.notification (created_at desc, seq desc);

create table model_manage.file (
  sha256 text primary key,
  size bigint not null,
  filename text,
  created_at timestamptz not null,
  created_by text not null
);

-- Events for the mlc wing: written with the change, deleted once the mlc wing has answered. Per object in order of id.
create table model_manage.outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null,
  object_id text not null,
  signal text not null,
  variables jsonb not null,
  message jsonb,
  created_at timestamptz not null,
  tries integer not null default 0,
  next_at timestamptz not null,
  last_error text
);
create index outbox_object on model_manage.outbox (object_id, id);
create index outbox_next on model_manage.outbox (next_at, id);

create table model_manage.idempotency_key (
  caller text not null,
  path text not null,
  key text not null,
  fingerprint text not null,
  status integer,
  body json,
  created_at timestamptz not null default now(),
  primary key (caller, path, key)
);
create index idempotency_key_age on model_manage.idempotency_key (created_at);
