-- By when tickets have to be answered and solved: what holds for all tenants without a policy of their own. It belongs to the operator
-- and is no secret: every tenant is shown what it is measured by.
create schema sla;
grant usage on schema sla to signalbox_serving, signalbox_system;
create table sla.default_policies (
  version integer primary key check (version > 0),
  -- `built_in`, or the file that the operator named.
  source text not null check (source in ('built_in', 'file')),
  path text check ((path is null) = (source = 'built_in')),
  form text not null check (form in ('signalbox', 'original')),
  -- As it is written, and the SHA-256 of that in hexadecimal: what `sha256sum` says of the file.
  written text not null,
  content_hash text not null check (length(content_hash) = 64),
  policy jsonb not null,
  -- The process that read it.
  loaded_by text not null,
  in_force_from timestamptz not null,
  -- Up to which tenant clocks are measured again by it, tenant after tenant; and when all were.
  told_until text not null default '',
  told_at timestamptz
);
grant select, insert, delete, update (told_until, told_at) on sla.default_policies to signalbox_system;
grant select on sla.default_policies to signalbox_serving;

-- What a tenant has put in its place. A version is in force from its beginning to that of the next one, and never changes: clocks are
-- measured with it.
create table sla_policies (
  tenant_id text not null references tenants,
  version integer not null check (version > 0),
  -- All null: from here on the operator's policy is followed again.
  form text check (form in ('signalbox', 'original')),
  written text,
  content_hash text check (length(content_hash) = 64),
  policy jsonb,
  -- Which calendars the names in it stood for: {"Support hours": "<calendar_id>"}.
  calendar_ids jsonb not null default '{}',
  note text check (length(note) between 1 and 500),
  made_by text not null,
  in_force_from timestamptz not null,
  primary key (tenant_id, version),
  check (num_nulls(form, written, content_hash, policy) in (0, 4))
);
select platform.secure_tenant_table('sla_policies', 'select, delete');
revoke update, delete on sla_policies from signalbox_serving;
