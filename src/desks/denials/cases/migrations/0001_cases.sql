-- A denial that somebody works on. What it says of a person is sealed in the rows below; here is what lists are made of.
create table denial_cases (
  tenant_id text not null references tenants,
  case_id uuid not null default uuidv7(),
  mode text not null check (mode in ('fast', 'verified')),
  status text not null default 'new'
    check (status in ('new', 'review', 'needs_better_scan', 'ready', 'submitted', 'decided', 'external_review', 'closed')),
  outcome text check (outcome in ('upheld', 'overturned', 'partly')),
  -- What the person who opened it knows, sealed: {"payer_name": …, "state": …, "urgency": …}.
  sealed_context bytea not null,
  -- Of the last run.
  route text,
  payer text,
  appeal_by date,
  assignee text check (length(assignee) between 1 and 200),
  -- Counts what findings depend on: documents, corrections, context. What was found under another number is stale.
  input_version integer not null default 1,
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, case_id)
);
create index denial_cases_by_deadline on denial_cases (tenant_id, appeal_by, case_id) where status not in ('closed', 'decided');
create index denial_cases_by_route on denial_cases (tenant_id, route, case_id);
create index denial_cases_by_status on denial_cases (tenant_id, status, case_id);
create index denial_cases_by_change on denial_cases (tenant_id, updated_at);
select platform.secure_tenant_table('denial_cases', 'select, delete');

create table denial_documents (
  tenant_id text not null,
  document_id uuid not null default uuidv7(),
  case_id uuid not null,
  doc_type text not null
    check (doc_type in ('denial_letter', 'eob', 'sbc', 'eoc', 'medical_record', 'correspondence')),
  name text not null check (length(name) between 1 and 200),
  sha256 bytea not null,
  size_bytes integer not null check (size_bytes > 0),
  pages integer not null check (pages > 0),
  -- What was read in it and the file itself, each sealed for this row.
  sealed_text bytea not null,
  sealed_file bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, document_id),
  foreign key (tenant_id, case_id) references denial_cases on delete cascade
);
create unique index denial_documents_once on denial_documents (tenant_id, case_id, doc_type, sha256);
select platform.secure_tenant_table('denial_documents', 'select, delete');

-- What a person says a field is, against what was found. What was found stays in the findings.
create table denial_corrections (
  tenant_id text not null,
  case_id uuid not null,
  field text not null check (length(field) between 1 and 60),
  sealed_value bytea not null,
  corrected_by text not null,
  corrected_at timestamptz not null default now(),
  primary key (tenant_id, case_id, field),
  foreign key (tenant_id, case_id) references denial_cases on delete cascade
);
select platform.secure_tenant_table('denial_corrections', 'select, delete');

-- What was found in a case, run by run: facts, deadlines, route, plan.
create table denial_runs (
  tenant_id text not null,
  case_id uuid not null,
  run integer not null check (run > 0),
  input_version integer not null,
  sealed_findings bytea not null,
  started_by text not null,
  ended_at timestamptz not null default now(),
  primary key (tenant_id, case_id, run),
  foreign key (tenant_id, case_id) references denial_cases on delete cascade
);
select platform.secure_tenant_table('denial_runs', 'select, delete');

-- What is sent: documents with what the gate found in them. An approved one never changes.
create table denial_packs (
  tenant_id text not null,
  case_id uuid not null,
  version integer not null check (version > 0),
  run integer not null,
  input_version integer not null,
  -- {"documents": {"appeal_letter.md": …}, "overruled": […]}
  sealed_content bytea not null,
  -- SHA-256 of each document, and who approved them when.
  manifest jsonb,
  approved_by text,
  approved_at timestamptz,
  made_by text not null,
  made_at timestamptz not null default now(),
  primary key (tenant_id, case_id, version),
  foreign key (tenant_id, case_id) references denial_cases on delete cascade,
  check ((approved_at is null) = (manifest is null))
);
select platform.secure_tenant_table('denial_packs', 'select, delete');
