-- People who sign in with a name and a password.
create table user_account (
  name text primary key check (name <> '' and length(name) <= 200),
  -- scrypt$N$r$p$salt$hash
  password_hash text not null,
  groups text[] not null default '{}',
  created_at timestamptz not null default now(),
  -- tokens that were handed out before are no longer renewed
  password_changed_at timestamptz not null default now()
);
