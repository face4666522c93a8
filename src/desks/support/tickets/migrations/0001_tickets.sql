create table tickets (
  tenant_id text not null references tenants,
  ticket_id uuid not null default uuidv7(),
  -- The provider's id: unique in a tenant, not across tenants.
  external_id text not null,
  source text not null,
  customer_id text not null,
  subject text not null,
  message text not null,
  status text not null check (status in ('open', 'pending', 'closed')),
  -- Both are the provider's times; ours is ingested_at. Milliseconds, as a JavaScript date holds them: with more, a
  -- list's cursor would skip tickets of the same millisecond.
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  ingested_at timestamptz not null default now(),
  primary key (tenant_id, ticket_id),
  unique (tenant_id, external_id)
);
create index tickets_by_age on tickets (tenant_id, created_at desc, ticket_id desc);
create index tickets_by_status on tickets (tenant_id, status, created_at desc, ticket_id desc);
create index tickets_by_source on tickets (tenant_id, source, created_at desc, ticket_id desc);
create index tickets_by_customer on tickets (tenant_id, customer_id, created_at desc, ticket_id desc);
select platform.secure_tenant_table('tickets');
