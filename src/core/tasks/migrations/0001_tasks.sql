create table tasks (
  tenant_id text not null references tenants,
  task_id uuid not null default uuidv7(),
  kind text not null,
  payload jsonb not null,
  -- While a task with this key lives (queued, running, retrying), the tenant can have no second one of the kind.
  unique_key text,
  status text not null default 'queued'
    check (status in ('queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled')),
  progress jsonb not null default '{}',
  result jsonb,
  error jsonb,
  attempt integer not null default 0,
  attempts_max integer not null check (attempts_max between 1 and 100),
  run_after timestamptz not null default now(),
  lease_owner text,
  lease_expires_at timestamptz,
  -- Grows with every claim. A write that carries an older number comes from a worker that lost the task.
  fencing bigint not null default 0,
  cancel_requested_at timestamptz,
  created_by text not null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz,
  primary key (tenant_id, task_id),
  check ((status = 'running') = (lease_owner is not null and lease_expires_at is not null)),
  check ((status in ('succeeded', 'failed', 'cancelled')) = (ended_at is not null))
);
create unique index tasks_one_live_per_key on tasks (tenant_id, kind, unique_key)
  where unique_key is not null and status in ('queued', 'running', 'retrying');
create index tasks_live on tasks (tenant_id) where status in ('queued', 'running', 'retrying');
create index tasks_by_status on tasks (tenant_id, status, task_id desc);
create index tasks_by_kind on tasks (tenant_id, kind, task_id desc);
create index tasks_by_lease on tasks (lease_expires_at) where status = 'running';
create index tasks_by_due_time on tasks (run_after) where status in ('queued', 'retrying');
-- The reaper finds tasks whose worker is gone, of all tenants; the API finds the tenant of a task it is asked for by id.
select platform.secure_tenant_table('tasks', 'select, update');
create index tasks_by_id on tasks (task_id);
