-- Which slot of the runtime it was handed to, and when the runtime first spoke of it: an answer that hands a job out may be lost on its way.
alter table model_manage.attempt add column slot integer, add column heard_at timestamptz;
