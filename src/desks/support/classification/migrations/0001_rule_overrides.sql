-- What a tenant has changed about the shipped rules.
create table rule_overrides (
  tenant_id text primary key references tenants,
  document jsonb not null,
  updated_by text not null,
  updated_at timestamptz not null default now()
);
select platform.secure_tenant_table('rule_overrides');
