create table api_keys (
  tenant_id text not null references tenants,
  api_key_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 100),
  -- The first characters of the secret, to recognise it by.
  prefix text not null,
  secret_hash bytea not null check (octet_length(secret_hash) = 32),
  permissions text[] not null,
  created_by text not null,
  -- The person whose power bounds this key, also when another key of theirs made it; null: the operator made it.
  person_id uuid references identity."user" (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, api_key_id)
);
-- Not unique, because a unique index without tenant_id cannot be sharded; 256 random bits do not collide.
create index api_keys_by_secret on api_keys (secret_hash);
create index api_keys_by_person on api_keys (tenant_id, person_id) where person_id is not null;
-- The secret names the tenant, so it is looked up, and its use noted, before there is one.
select platform.secure_tenant_table('api_keys', 'select, update (last_used_at)');
