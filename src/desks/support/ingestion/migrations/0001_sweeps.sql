-- Who walks the pages of a provider for all runs that wait, and where it is. No tenant's data: the provider is shared.
create schema ingestion;
grant usage on schema ingestion to signalbox_serving, signalbox_system;
create table ingestion.sweeps (
  connection text primary key,
  -- The task that sweeps.
  owner uuid,
  -- Grows with every take-over: a sweeper that lost its lease can write nothing more.
  fencing bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  next_page integer not null default 1
);
grant select, insert, update on ingestion.sweeps to signalbox_system;
grant select on ingestion.sweeps to signalbox_serving;

-- The ids a run has seen on each page of its pass, to tell afterwards which tickets were on none.
create table ingestion_seen_pages (
  tenant_id text not null,
  job_id uuid not null,
  page integer not null,
  external_ids text[] not null,
  primary key (tenant_id, job_id, page),
  foreign key (tenant_id, job_id) references tasks (tenant_id, task_id) on delete cascade
);
select platform.secure_tenant_table('ingestion_seen_pages');

-- Tickets that a complete and stable walk no longer contained. `confirmed`: the provider lists them as deleted.
create table ingestion_missing (
  tenant_id text not null,
  job_id uuid not null,
  external_id text not null,
  confirmed boolean not null,
  primary key (tenant_id, job_id, external_id),
  foreign key (tenant_id, job_id) references tasks (tenant_id, task_id) on delete cascade
);
select platform.secure_tenant_table('ingestion_missing');

-- Tickets of the tenant that cannot be used, with the reason, until a later walk brings a usable one.
create table ingestion_rejects (
  tenant_id text not null references tenants,
  reject_id uuid not null default uuidv7(),
  external_id text not null,
  job_id uuid not null,
  reason text not null,
  body text not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  primary key (tenant_id, reject_id),
  unique (tenant_id, external_id)
);
select platform.secure_tenant_table('ingestion_rejects');
