-- Who changed what in a tenant. Written in the transaction of the change, so there is no change without its line.
create table audit_log (
  tenant_id text not null references tenants,
  audit_id uuid not null default uuidv7(),
  at timestamptz not null default now(),
  actor text not null check (length(actor) between 1 and 200),
  action text not null check (length(action) between 1 and 100),
  subject text not null check (length(subject) between 1 and 300),
  details jsonb not null default '{}',
  primary key (tenant_id, audit_id)
);
-- The operator makes tenants before any of them is chosen, and that is a line too.
select platform.secure_tenant_table('audit_log', 'insert');
-- What was written stays: the serving role can neither mend nor remove a line.
revoke update, delete on audit_log from signalbox_serving;
