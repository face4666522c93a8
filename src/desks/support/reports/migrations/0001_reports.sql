-- Files that tasks of the kind report.export have made, in parts, so that whichever process is asked has them and none needs one
-- in its memory; they go with their task, and with their tenant.
create table reports (
  tenant_id text not null references tenants,
  task_id uuid not null,
  -- What it is of; reading it takes the permission to read those.
  subject text not null check (subject in ('tickets', 'tasks', 'signals')),
  format text not null check (format in ('csv', 'ndjson')),
  bytes bigint not null default 0,
  parts integer not null default 0,
  created_at timestamptz not null default now(),
  primary key (tenant_id, task_id),
  foreign key (tenant_id, task_id) references tasks (tenant_id, task_id) on delete cascade
);
create index reports_by_age on reports (created_at);
select platform.secure_tenant_table('reports', 'select, delete');

create table report_parts (
  tenant_id text not null,
  task_id uuid not null,
  part integer not null,
  bytes bytea not null check (octet_length(bytes) <= 1048576),
  primary key (tenant_id, task_id, part),
  foreign key (tenant_id, task_id) references reports (tenant_id, task_id) on delete cascade
);
-- Written once and read as it is: trying to compress it would take longer than it saves.
alter table report_parts alter column bytes set storage external;
select platform.secure_tenant_table('report_parts');
