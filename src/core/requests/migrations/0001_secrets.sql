-- What requests carry and nobody reads: named by tasks, put into headers when the request leaves.
create table request_secrets (
  tenant_id text not null references tenants,
  name text not null check (length(name) between 1 and 64),
  -- Only a request to this host carries it: whoever may hand tasks over may not send it elsewhere.
  host text not null check (length(host) between 1 and 300),
  -- Encrypted, bound to this row.
  sealed bytea not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, name)
);
select platform.secure_tenant_table('request_secrets');
