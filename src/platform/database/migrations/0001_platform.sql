grant usage on schema platform to signalbox_serving, signalbox_system;
grant usage on schema public to signalbox_serving, signalbox_system;

-- The one way to make a tenant table: row-level security that even the owner cannot forget, one tenant for the serving
-- role, and for the system role exactly the privileges the migration names (none by default).
create function platform.secure_tenant_table(target regclass, system_privileges text default null) returns void
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  -- The sub-select makes the setting a constant of the statement, evaluated once and usable by an index. After a
  -- transaction that set it, a connection has it as '' and not as null: that must not be a tenant.
  execute format($policy$
    create policy tenant_isolation on %s to signalbox_serving
      using (tenant_id = (select nullif(current_setting('signalbox.tenant_id', true), '')))
      with check (tenant_id = (select nullif(current_setting('signalbox.tenant_id', true), '')))
  $policy$, target);
  execute format('grant select, insert, update, delete on %s to signalbox_serving', target);
  if system_privileges is not null then
    execute format('create policy across_tenants on %s to signalbox_system using (true) with check (true)', target);
    execute format('grant %s on %s to signalbox_system', system_privileges, target);
  end if;
end $$;

-- Secrets made once for this installation, e.g. the one that signs session cookies.
create table platform.secrets (
  name text primary key,
  value text not null,
  created_at timestamptz not null default now()
);
grant select, insert on platform.secrets to signalbox_system;
