-- A tenant's account at a helpdesk that tells what changed since a cursor.
create table connectors (
  tenant_id text not null references tenants,
  connector_id uuid not null,
  -- Stands before the ids of its tickets, so that two helpdesks may both have a ticket 1. Never changes.
  name text not null check (length(name) between 1 and 40),
  kind text not null,
  settings jsonb not null,
  -- Encrypted, bound to this row; never leaves in an answer.
  sealed_credentials bytea not null,
  -- Whose the credentials are, as the helpdesk said when they were last checked.
  account text not null,
  calls_per_minute integer not null check (calls_per_minute between 1 and 10000),
  -- How far its changes are stored; written in the transaction that stores them.
  cursor text,
  checked_at timestamptz not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, connector_id),
  unique (tenant_id, name)
);
select platform.secure_tenant_table('connectors');
