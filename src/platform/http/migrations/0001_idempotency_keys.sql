-- The answers to unsafe requests that carried an Idempotency-Key. A row is written in the transaction of the request's
-- effect, so there is never an effect without its record or a record without its effect.
-- tenant_id is '' for requests about no tenant; there is no foreign key because those rows have no tenant.
create table idempotency_keys (
  tenant_id text not null,
  caller_id text not null,
  key text not null,
  request_hash text not null,
  status smallint not null,
  headers jsonb not null,
  body jsonb,
  answer_kept boolean not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, caller_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
select platform.secure_tenant_table('idempotency_keys', 'select, insert, delete');
