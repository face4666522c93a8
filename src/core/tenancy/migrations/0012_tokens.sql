-- Keys that sign short-lived tokens. The public half is published; the private one is sealed.
create table identity.signing_key (
  kid text primary key,
  public_jwk jsonb not null,
  sealed_private bytea not null,
  signs_from timestamptz not null,
  signs_until timestamptz not null check (signs_until > signs_from)
);
grant select, insert, update, delete on identity.signing_key to signalbox_identity;

-- What was exchanged for tokens: each refresh token follows the one before it, and all of them are one family.
create table token_families (
  tenant_id text not null references tenants,
  family_id uuid not null default uuidv7(),
  -- Who exchanged what. A family goes with the session, the membership or the key that it came from.
  person_id uuid,
  session_id uuid references identity.session (id) on delete cascade,
  api_key_id uuid,
  -- The session was opened for this family, and ends with it.
  owns_session boolean not null default false,
  -- What was asked for; null: whatever they may do at the time.
  permissions text[],
  refresh_hash bytea not null check (octet_length(refresh_hash) = 32),
  created_at timestamptz not null default now(),
  -- Of the refresh token that is out, and of the whole family.
  expires_at timestamptz not null,
  ends_at timestamptz not null,
  primary key (tenant_id, family_id),
  foreign key (tenant_id, person_id) references memberships on delete cascade,
  foreign key (tenant_id, api_key_id) references api_keys on delete cascade,
  check (num_nonnulls(person_id, api_key_id) = 1 and (person_id is null) = (session_id is null))
);
create index token_families_by_session on token_families (session_id);
create index token_families_by_person on token_families (tenant_id, person_id) where person_id is not null;
create index token_families_by_key on token_families (tenant_id, api_key_id) where api_key_id is not null;
create index token_families_by_end on token_families (expires_at);
-- A refresh token says its family, not whose it is. Not unique, because that could not be sharded.
create index token_families_by_id on token_families (family_id);
select platform.secure_tenant_table('token_families', 'select, delete');

create function tell_of_token_family() returns trigger language plpgsql as $$
begin
  perform pg_notify('signalbox_access', coalesce('person:' || old.person_id, 'key:' || old.api_key_id));
  return null;
end $$;
-- Not of those that were over already: the upkeep deletes them by the thousand.
create trigger tell_of_deleted after delete on token_families
  for each row when (old.expires_at > current_timestamp) execute function tell_of_token_family();
