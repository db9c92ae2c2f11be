-- The order of an object's members is part of a document: JSON variables are kept and shown as they came, which jsonb does not do.
alter table mlc.variable alter column value type json;
alter table mlc.history_variable alter column value type json;
alter table mlc.due_work alter column payload type json;
alter table mlc.kept_message alter column variables type json;

drop function mlc.load_aggregates(text[]);

-- Locks the instances, then reads all their rows. A function because each of its statements has a snapshot of its own:
-- in one plain statement the lock would wait, but the rows would be those from before the wait.
create function mlc.load_aggregates(ids text[]) returns table (aggregate json) language plpgsql as $$
begin
  perform 1 from mlc.instance i where i.id = any (ids) order by i.id for update;
  -- fetchAndLock takes external tasks without their instance's lock
  perform 1 from mlc.external_task t where t.instance_id = any (ids) order by t.id for update;
  return query
    select json_build_object(
      'instance', to_json(i),
      'executions', (select coalesce(json_agg(r order by r.id), '[]') from mlc.execution r where r.instance_id = i.id),
      'variables', (select coalesce(json_agg(r order by r.id), '[]') from mlc.variable r where r.instance_id = i.id),
      'subscriptions', (select coalesce(json_agg(r order by r.id), '[]') from mlc.subscription r where r.instance_id = i.id),
      'due_work', (select coalesce(json_agg(r order by r.id), '[]') from mlc.due_work r where r.instance_id = i.id),
      'external_tasks', (select coalesce(json_agg(r order by r.id), '[]') from mlc.external_task r where r.instance_id = i.id),
      'user_tasks', (select coalesce(json_agg(r order by r.id), '[]') from mlc.user_task r where r.instance_id = i.id),
      'incidents', (select coalesce(json_agg(r order by r.id), '[]') from mlc.incident r where r.instance_id = i.id))
    from mlc.instance i where i.id = any (ids) order by i.id;
end $$;
