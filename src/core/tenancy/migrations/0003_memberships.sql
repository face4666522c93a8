create table memberships (
  tenant_id text not null references tenants,
  person_id uuid not null references identity."user" (id) on delete cascade,
  role text not null check (role in ('viewer', 'agent', 'manager', 'owner')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, person_id)
);
create index memberships_by_person on memberships (person_id);
-- Read at sign-in, before a tenant is chosen.
select platform.secure_tenant_table('memberships', 'select');
