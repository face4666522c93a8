-- The files of a tenant: from the moment an upload is let in until the job that reads it has ended. What counts them when
-- the next one comes, under a lock of the tenant.
create table ingestion_files (
  tenant_id text not null references tenants,
  upload_id uuid not null,
  -- Who reads it; null while it arrives.
  job_id uuid,
  -- When the last of it came.
  received_at timestamptz not null default now(),
  primary key (tenant_id, upload_id)
);
create index ingestion_files_by_age on ingestion_files (received_at);
-- Files that no job reads any more are deleted by the hourly upkeep.
select platform.secure_tenant_table('ingestion_files', 'select, delete');

-- Uploads of before, with the job that reads them.
alter table ingestion_uploads no force row level security;
alter table ingestion_files no force row level security;
alter table tasks no force row level security;
insert into ingestion_files (tenant_id, upload_id, job_id, received_at)
select upload.tenant_id, upload.upload_id, (array_agg(task.task_id))[1], max(upload.uploaded_at)
from ingestion_uploads as upload left join tasks as task on task.tenant_id = upload.tenant_id
  and task.kind = 'ingestion.import' and task.payload ->> 'upload_id' = upload.upload_id::text
group by upload.tenant_id, upload.upload_id;
alter table tasks force row level security;
alter table ingestion_files force row level security;
alter table ingestion_uploads force row level security;

-- The chunks go with their file.
alter table ingestion_uploads
  add foreign key (tenant_id, upload_id) references ingestion_files (tenant_id, upload_id) on delete cascade;

alter table ingestion_rejects
  -- `unusable`, or `outdated`: usable, and older than what is stored.
  add column kind text not null default 'unusable' check (kind in ('unusable', 'outdated')),
  -- Tells apart what came without an id: a digest of what was delivered; empty where there is an id.
  add column digest text not null default '';
drop index ingestion_rejects_by_ticket;
create unique index ingestion_rejects_by_ticket on ingestion_rejects (tenant_id, origin, external_id, digest) where line is null;
create index ingestion_rejects_by_age on ingestion_rejects (last_seen_at);
-- What has been kept long enough is deleted by the upkeep.
grant select, delete on ingestion_rejects to signalbox_system;
create policy across_tenants on ingestion_rejects to signalbox_system using (true) with check (true);
