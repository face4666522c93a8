-- Links that are mailed to people, or handed to them by the operator: each works once, the last one of its kind, for a while.
create table identity.one_time_token (
  id uuid primary key default uuidv7(),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  user_id uuid not null references identity."user" (id) on delete cascade,
  purpose text not null check (purpose in ('reset_password', 'prove_address')),
  -- Asked for by the operator, for somebody who has lost it.
  removes_second_factor boolean not null default false,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  unique (user_id, purpose)
);
create index one_time_token_expires on identity.one_time_token (expires_at);
grant select, insert, update, delete on identity.one_time_token to signalbox_identity;

-- Whether the token goes to the address alone, which whoever has it then owns, or is handed over by who invites.
alter table invitations add is_mailed boolean not null default false;
