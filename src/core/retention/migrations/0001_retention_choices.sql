-- How long a tenant wants its own rows of a table kept, where that is not the default.
create table retention_choices (
  tenant_id text not null references tenants,
  table_name text not null,
  days integer not null check (days between 1 and 36500),
  chosen_by text not null,
  chosen_at timestamptz not null default now(),
  primary key (tenant_id, table_name)
);
-- Whose rows are old is looked for over all tenants.
select platform.secure_tenant_table('retention_choices', 'select');
