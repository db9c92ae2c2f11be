-- When a server last looked for leases that ran out. A gap is time in which no runtime could have been heard.
create table model_manage.lease_watch (
  is_only boolean primary key default true check (is_only),
  looked_at timestamptz not null
);
insert into model_manage.lease_watch (looked_at) values (now());
