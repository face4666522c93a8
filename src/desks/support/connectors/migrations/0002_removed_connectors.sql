-- Which helpdesk the tickets are from that a removed connector has brought: their ids begin with its name, and the ticket 1
-- of another account must not be taken for theirs.
create table removed_connectors (
  tenant_id text not null references tenants,
  name text not null,
  kind text not null,
  settings jsonb not null,
  primary key (tenant_id, name)
);
select platform.secure_tenant_table('removed_connectors');
