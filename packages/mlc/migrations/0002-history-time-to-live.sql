-- Ended instances of a definition, oldest first: for the removal of history.
create index instance_ended on mlc.instance (definition_id, ended_at) where ended_at is not null;
