-- A tenant has one schedule for the provider (connector_id null) and one for each connector.
alter table ingestion_schedules drop constraint ingestion_schedules_pkey;
alter table ingestion_schedules
  add column schedule_id uuid not null default uuidv7(),
  add column connector_id uuid,
  add primary key (tenant_id, schedule_id),
  add unique nulls not distinct (tenant_id, connector_id),
  add foreign key (tenant_id, connector_id) references connectors (tenant_id, connector_id) on delete cascade;

-- Rejects of the provider, of each connector and of each line of a file are told apart.
alter table ingestion_rejects drop constraint ingestion_rejects_tenant_id_external_id_key;
alter table ingestion_rejects
  add column origin text not null default 'provider',
  -- Of a file, counted from 1.
  add column line bigint,
  add column body_is_complete boolean not null default false;
create unique index ingestion_rejects_by_ticket on ingestion_rejects (tenant_id, origin, external_id) where line is null;
create unique index ingestion_rejects_by_line on ingestion_rejects (tenant_id, job_id, line) where line is not null;
create index ingestion_rejects_of_job on ingestion_rejects (tenant_id, job_id, reject_id desc);

-- A file as it was uploaded, until the job that reads it has ended.
create table ingestion_uploads (
  tenant_id text not null references tenants,
  upload_id uuid not null,
  chunk integer not null,
  bytes bytea not null,
  uploaded_at timestamptz not null default now(),
  primary key (tenant_id, upload_id, chunk)
);
-- Already compressed or soon deleted: not worth the processor's time.
alter table ingestion_uploads alter column bytes set storage external;
create index ingestion_uploads_by_age on ingestion_uploads (uploaded_at);
-- Uploads that no job reads any more are deleted by the hourly upkeep.
select platform.secure_tenant_table('ingestion_uploads', 'select, delete');

create or replace view ingestion_logs with (security_invoker = true) as
select tenant_id, task_id as job_id, status, created_by as started_by, created_at as queued_at, started_at, ended_at,
  extract(epoch from coalesce(ended_at, now()) - started_at)::float8 as duration_seconds,
  attempt, progress, result, error,
  kind, (payload ->> 'connector_id')::uuid as connector_id
from tasks where kind in ('ingestion.run', 'ingestion.import', 'ingestion.retry');
