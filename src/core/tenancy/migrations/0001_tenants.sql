create table tenants (
  tenant_id text primary key check (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  name text not null check (length(name) between 1 and 200),
  time_zone text not null default 'UTC',
  created_at timestamptz not null default now()
);
-- The operator makes and lists tenants before any of them is chosen.
select platform.secure_tenant_table('tenants', 'select, insert, update');
