-- Kinds that a tenant has registered, worked by programs of its own that ask for tasks over HTTP.
create table task_kinds (
  tenant_id text not null references tenants,
  kind text not null check (kind ~ '^custom\.[a-z0-9][a-z0-9._-]{0,80}$'),
  about text not null check (length(about) between 1 and 500),
  payload_schema jsonb not null,
  attempts_max integer not null check (attempts_max between 1 and 100),
  retry_base_seconds integer not null check (retry_base_seconds between 1 and 3600),
  retry_cap_seconds integer not null check (retry_cap_seconds between retry_base_seconds and 86400),
  lease_seconds integer not null check (lease_seconds between 5 and 3600),
  time_limit_seconds integer not null check (time_limit_seconds between 5 and 86400),
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- When a worker last asked for tasks of it, to some seconds.
  last_asked_at timestamptz,
  primary key (tenant_id, kind)
);
select platform.secure_tenant_table('task_kinds');

-- No process of ours works on it, and no job of the queue points to it.
alter table tasks add column worked_outside boolean not null default false;
create index tasks_waiting_outside on tasks (tenant_id, priority, turn)
  where worked_outside and status in ('queued', 'retrying');
create index tasks_running_outside on tasks (tenant_id) where worked_outside and status = 'running';
