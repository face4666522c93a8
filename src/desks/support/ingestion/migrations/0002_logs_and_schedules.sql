-- The history of every run. Not a copy: it is the task itself, which is written when the run starts and ended by whoever
-- ends it, the recovery after a crash included, so it cannot be missing or stale.
create view ingestion_logs with (security_invoker = true) as
select tenant_id, task_id as job_id, status, created_by as started_by, created_at as queued_at, started_at, ended_at,
  extract(epoch from coalesce(ended_at, now()) - started_at)::float8 as duration_seconds,
  attempt, progress, result, error
from tasks where kind = 'ingestion.run';
grant select on ingestion_logs to signalbox_serving;

create table ingestion_schedules (
  tenant_id text primary key references tenants,
  every_minutes integer not null check (every_minutes between 1 and 10080),
  next_run_at timestamptz not null,
  set_by text not null,
  set_at timestamptz not null default now()
);
create index ingestion_schedules_by_time on ingestion_schedules (next_run_at);
-- The scheduler finds whose time has come; the run is started in the tenant's own transaction.
select platform.secure_tenant_table('ingestion_schedules', 'select');
