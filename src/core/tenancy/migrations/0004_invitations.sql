create table invitations (
  tenant_id text not null references tenants,
  invitation_id uuid not null default uuidv7(),
  email text not null,
  role text not null check (role in ('viewer', 'agent', 'manager', 'owner')),
  token_hash bytea not null check (octet_length(token_hash) = 32),
  -- The caller (person:…, key:…, operator), who may be gone by the time somebody asks.
  invited_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references identity."user" (id) on delete set null,
  revoked_at timestamptz,
  primary key (tenant_id, invitation_id)
);
-- Not unique, because a unique index without tenant_id cannot be sharded; 256 random bits do not collide.
create index invitations_by_token on invitations (token_hash);
create index invitations_by_email on invitations (tenant_id, email) where accepted_at is null and revoked_at is null;
-- The token names the tenant, so it is looked up before there is one.
select platform.secure_tenant_table('invitations', 'select');
