-- Deployments, definitions, instances and their history. Ids are text: some are `activityId:uuid`, and a lookup with a
-- foreign id must find nothing rather than fail. Ids made here rise with time, so "by id" is "in order of creation".

create table mlc.deployment (
  id text collate "C" primary key,
  name text,
  source text,
  deployed_at timestamptz not null,
  tenant_id text,
  -- Deployed by the server itself at start: only such versions are superseded by an upgrade.
  is_shipped boolean not null default false
);
create index deployment_by_name on mlc.deployment (name, deployed_at desc);

create table mlc.resource (
  id text collate "C" primary key,
  deployment_id text collate "C" not null references mlc.deployment on delete cascade,
  name text not null,
  content bytea not null,
  sha256 text not null,
  unique (deployment_id, name)
);

create table mlc.process_definition (
  id text collate "C" primary key,
  key text not null,
  version integer not null check (version > 0),
  name text,
  category text,
  description text,
  version_tag text,
  history_ttl_days integer,
  is_startable_in_tasklist boolean not null,
  resource_name text not null,
  deployment_id text collate "C" not null references mlc.deployment on delete cascade,
  is_suspended boolean not null default false,
  tenant_id text,
  deployed_at timestamptz not null,
  unique nulls not distinct (key, version, tenant_id)
);
create index process_definition_by_deployment on mlc.process_definition (deployment_id);

create table mlc.job_definition (
  id text collate "C" primary key,
  definition_id text collate "C" not null references mlc.process_definition on delete cascade,
  activity_id text not null,
  job_type text not null,
  configuration text not null,
  overriding_priority bigint,
  is_suspended boolean not null default false
);
create index job_definition_by_definition on mlc.job_definition (definition_id);

create index job_definition_suspended on mlc.job_definition (id) where is_suspended;

-- The job definition that a piece of due work belongs to; null for the engine's own hold at a start event or a delegate.
create function mlc.job_definition_of(definition text, activity text, work_kind text) returns text language sql stable as $$
  select j.id from mlc.job_definition j
  where j.definition_id = definition and j.activity_id = activity
    and case work_kind
      when 'async-before' then j.configuration = 'async-before'
      when 'async-after' then j.configuration = 'async-after'
      when 'timer-intermediate' then j.job_type = 'timer-intermediate-transition'
      when 'timer-boundary' then j.job_type = 'timer-transition'
      when 'timer-start' then j.job_type = 'timer-start-event'
      else false
    end
  limit 1
$$;

-- Signal and message start events of the newest version of each key.
create table mlc.start_subscription (
  id text collate "C" primary key,
  definition_id text collate "C" not null references mlc.process_definition on delete cascade,
  definition_key text not null,
  activity_id text not null,
  event_type text not null check (event_type in ('signal', 'message')),
  event_name text not null,
  tenant_id text,
  created_at timestamptz not null
);
create index start_subscription_by_event on mlc.start_subscription (event_type, event_name);
create index start_subscription_by_definition on mlc.start_subscription (definition_id);

-- A process instance. Ended ones stay: they are the history of process instances.
create table mlc.instance (
  id text collate "C" primary key,
  -- No foreign key: history outlives a definition that is deleted without cascade.
  definition_id text collate "C" not null,
  definition_key text not null,
  root_process_instance_id text collate "C" not null,
  super_execution_id text,
  business_key text,
  tenant_id text,
  state text not null check (state in ('ACTIVE', 'SUSPENDED', 'COMPLETED', 'EXTERNALLY_TERMINATED', 'INTERNALLY_TERMINATED')),
  start_activity_id text not null,
  start_user_id text,
  started_at timestamptz not null,
  ended_at timestamptz,
  delete_reason text,
  revision bigint not null,
  check ((ended_at is null) = (state in ('ACTIVE', 'SUSPENDED')))
);
create index instance_by_definition on mlc.instance (definition_id, id);
create index instance_by_key on mlc.instance (definition_key, id);
create index instance_by_root on mlc.instance (root_process_instance_id);
create index instance_by_business_key on mlc.instance (business_key);
create index instance_by_start on mlc.instance (started_at);
create index instance_live on mlc.instance (id) where ended_at is null;

create table mlc.execution (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  parent_id text,
  activity_id text,
  activity_instance_id text,
  is_scope boolean not null,
  is_concurrent boolean not null,
  is_active boolean not null,
  is_joining boolean not null
);
create index execution_by_instance on mlc.execution (instance_id);

-- `value`: type, value, valueInfo as in the engine.
create table mlc.variable (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text collate "C" not null,
  activity_instance_id text not null,
  name text not null,
  value jsonb not null,
  created_at timestamptz not null
);
create index variable_by_instance on mlc.variable (instance_id);

create table mlc.subscription (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text collate "C" not null,
  activity_id text not null,
  event_type text not null check (event_type in ('signal', 'message')),
  event_name text not null,
  correlation_key text,
  created_at timestamptz not null
);
create index subscription_by_instance on mlc.subscription (instance_id);
create index subscription_by_event on mlc.subscription (event_type, event_name, correlation_key);

-- Camunda's jobs. Rows without an instance: start timers (definition_id set) and the engine's own errands
-- (kind 'cancel-jobs': the batch jobs of a deleted instance are to be cancelled).
create table mlc.due_work (
  id text collate "C" primary key,
  instance_id text collate "C" references mlc.instance on delete cascade,
  definition_id text collate "C" references mlc.process_definition on delete cascade,
  execution_id text collate "C",
  activity_id text not null,
  kind text not null,
  due_at timestamptz,
  retries integer not null,
  repeat text,
  exception_message text,
  exception_stack text,
  failed_activity_id text,
  exclusive boolean not null,
  priority bigint not null,
  is_suspended boolean not null,
  payload jsonb,
  created_at timestamptz not null,
  -- Who is running it outside a transaction, and until when that is believed.
  lock_owner text,
  lock_expires_at timestamptz
);
create index due_work_by_instance on mlc.due_work (instance_id);
create index due_work_by_definition on mlc.due_work (definition_id) where definition_id is not null;
create index due_work_due on mlc.due_work (due_at nulls first, id) where retries > 0 and not is_suspended;

create table mlc.external_task (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text collate "C" not null,
  activity_id text not null,
  activity_instance_id text not null,
  topic text not null,
  priority bigint not null,
  retries integer,
  error_message text,
  error_details text,
  worker_id text,
  lock_expires_at timestamptz,
  is_suspended boolean not null,
  created_at timestamptz not null
);
create index external_task_by_instance on mlc.external_task (instance_id);
create index external_task_by_topic on mlc.external_task (topic, id);

create table mlc.user_task (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text collate "C" not null,
  activity_id text not null,
  activity_instance_id text not null,
  name text,
  description text,
  assignee text,
  owner text,
  delegation_state text check (delegation_state in ('PENDING', 'RESOLVED')),
  candidate_users text[] not null,
  candidate_groups text[] not null,
  priority integer not null,
  due_at timestamptz,
  follow_up_at timestamptz,
  form_key text,
  is_suspended boolean not null,
  created_at timestamptz not null,
  last_updated_at timestamptz
);
create index user_task_by_instance on mlc.user_task (instance_id);
create index user_task_by_assignee on mlc.user_task (assignee);

create table mlc.incident (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text collate "C" not null,
  incident_type text not null,
  activity_id text not null,
  failed_activity_id text,
  cause_incident_id text not null,
  root_cause_incident_id text not null,
  configuration text,
  message text,
  annotation text,
  created_at timestamptz not null
);
create index incident_by_instance on mlc.incident (instance_id);

create table mlc.history_activity (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  sequence bigint generated always as identity,
  parent_activity_instance_id text not null,
  activity_id text not null,
  activity_name text,
  activity_type text not null,
  execution_id text not null,
  task_id text,
  assignee text,
  started_at timestamptz not null,
  ended_at timestamptz,
  canceled boolean not null,
  complete_scope boolean not null
);
create index history_activity_by_instance on mlc.history_activity (instance_id);

create table mlc.history_variable (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text not null,
  activity_instance_id text not null,
  name text not null,
  value jsonb not null,
  created_at timestamptz not null,
  state text not null check (state in ('CREATED', 'DELETED'))
);
create index history_variable_by_instance on mlc.history_variable (instance_id);

create table mlc.history_incident (
  id text collate "C" primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  execution_id text not null,
  incident_type text not null,
  activity_id text not null,
  failed_activity_id text,
  cause_incident_id text not null,
  root_cause_incident_id text not null,
  configuration text,
  message text,
  annotation text,
  created_at timestamptz not null,
  ended_at timestamptz,
  state text not null check (state in ('open', 'resolved', 'deleted'))
);
create index history_incident_by_instance on mlc.history_incident (instance_id);

create table mlc.history_work_log (
  sequence bigint generated always as identity primary key,
  instance_id text collate "C" not null references mlc.instance on delete cascade,
  work_id text not null,
  activity_id text not null,
  event text not null check (event in ('created', 'failed', 'succeeded', 'deleted')),
  message text,
  at timestamptz not null
);
create index history_work_log_by_instance on mlc.history_work_log (instance_id);

-- Events of the model-manage wing that were taken: a repeated one is dropped.
create table mlc.told_event (
  event_id text primary key,
  told_at timestamptz not null
);
create index told_event_by_age on mlc.told_event (told_at);

-- Messages for which nobody waits yet, by name and key.
create table mlc.kept_message (
  name text not null,
  correlation_key text not null,
  variables jsonb not null,
  kept_at timestamptz not null,
  primary key (name, correlation_key)
);
create index kept_message_by_age on mlc.kept_message (kept_at);

-- Locks the instances, then reads all their rows. A function because each of its statements has a snapshot of its own:
-- in one plain statement the lock would wait, but the rows would be those from before the wait.
create function mlc.load_aggregates(ids text[]) returns table (aggregate jsonb) language plpgsql as $$
begin
  perform 1 from mlc.instance i where i.id = any (ids) order by i.id for update;
  -- fetchAndLock takes external tasks without their instance's lock
  perform 1 from mlc.external_task t where t.instance_id = any (ids) order by t.id for update;
  return query
    select jsonb_build_object(
      'instance', to_jsonb(i),
      'executions', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.execution r where r.instance_id = i.id),
      'variables', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.variable r where r.instance_id = i.id),
      'subscriptions', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.subscription r where r.instance_id = i.id),
      'due_work', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.due_work r where r.instance_id = i.id),
      'external_tasks', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.external_task r where r.instance_id = i.id),
      'user_tasks', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.user_task r where r.instance_id = i.id),
      'incidents', (select coalesce(jsonb_agg(to_jsonb(r) order by r.id), '[]') from mlc.incident r where r.instance_id = i.id))
    from mlc.instance i where i.id = any (ids) order by i.id;
end $$;

-- Takes due work that may be run now, at most one exclusive piece of an instance at a time. One taker at a time, so that two
-- servers never take two exclusive pieces of one instance.
create function mlc.take_due_work(taker text, now_at timestamptz, locked_until timestamptz, pieces integer)
returns setof mlc.due_work language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtext('mlc.take_due_work'));
  return query
    update mlc.due_work w set lock_owner = taker, lock_expires_at = locked_until
    where w.id in (select l.id from mlc.due_work l where l.id in (
      select c.id from (
        select d.id, d.priority, d.due_at, d.exclusive,
               row_number() over (partition by d.instance_id, d.exclusive order by d.priority desc, d.due_at nulls first, d.id) as place,
               d.instance_id
        from mlc.due_work d
        where d.retries > 0 and not d.is_suspended
          and (d.due_at is null or d.due_at <= now_at)
          and (d.lock_expires_at is null or d.lock_expires_at < now_at)
          and not (d.exclusive and d.instance_id is not null and exists (
            select 1 from mlc.due_work o
            where o.instance_id = d.instance_id and o.exclusive and o.lock_expires_at >= now_at))
        order by d.due_at nulls first, d.id
        limit pieces * 20) c
      where c.place = 1 or not c.exclusive or c.instance_id is null
      order by c.priority desc, c.due_at nulls first, c.id
      limit pieces)
      -- asked again of the row as it is under the lock; a row that somebody works on is passed over
      and l.retries > 0 and not l.is_suspended and (l.due_at is null or l.due_at <= now_at)
      and (l.lock_expires_at is null or l.lock_expires_at < now_at)
      for update skip locked)
    returning w.*;
end $$;

-- As @rowhouse/postgres documents it.
create table mlc.idempotency_key (
  caller text not null,
  path text not null,
  key text not null,
  fingerprint text not null,
  status int,
  body json,
  created_at timestamptz not null default now(),
  primary key (caller, path, key)
);
create index idempotency_key_by_age on mlc.idempotency_key (created_at);
