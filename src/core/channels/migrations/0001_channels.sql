-- Where people of a tenant are told.
create table channels (
  tenant_id text not null references tenants,
  channel_id uuid not null default uuidv7(),
  kind text not null check (kind in ('notify', 'webhook', 'slack', 'email')),
  name text not null check (length(name) between 1 and 80),
  -- What is no secret, e.g. {"host": "hooks.example.com"} to be shown.
  settings jsonb not null default '{}',
  -- Addresses that are secrets themselves, signing keys, passwords: encrypted, bound to this row.
  sealed_secrets bytea,
  is_enabled boolean not null default true,
  -- Why it was switched off by itself.
  disabled_reason text,
  -- Which circuit its calls go through: the endpoint of the specification is one for all tenants.
  circuit text not null generated always as (case kind when 'notify' then 'notify' else 'channel:' || channel_id end) stored,
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, channel_id),
  unique (tenant_id, name)
);
create unique index channels_notify_once on channels (tenant_id) where kind = 'notify';
select platform.secure_tenant_table('channels', 'select, insert, update');

-- What a channel is told. A channel that two subscriptions choose for a signal is told once.
create table subscriptions (
  tenant_id text not null,
  subscription_id uuid not null default uuidv7(),
  channel_id uuid not null,
  -- Empty: all kinds.
  kinds text[] not null default '{}',
  minimum_severity signal_severity not null default 'info',
  -- On the tenant's clocks; from > to goes over midnight. What is raised then is told when they end.
  quiet_from time,
  quiet_to time,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, subscription_id),
  foreign key (tenant_id, channel_id) references channels on delete cascade,
  check ((quiet_from is null) = (quiet_to is null) and quiet_from is distinct from quiet_to or quiet_from is null and quiet_to is null)
);
create index subscriptions_by_channel on subscriptions (tenant_id, channel_id);
select platform.secure_tenant_table('subscriptions', 'select, insert, update');

-- Every tenant tells the specification's endpoint of urgent tickets until somebody switches that off.
create function add_notify_channel() returns trigger language plpgsql as $$
begin
  with made as (
    insert into channels (tenant_id, kind, name, created_by)
    select tenant_id, 'notify', 'Notification service', 'system' from added returning tenant_id, channel_id
  )
  insert into subscriptions (tenant_id, channel_id, kinds, created_by)
  select tenant_id, channel_id, '{ticket.urgent}', 'system' from made;
  return null;
end $$;
create trigger add_notify_channel after insert on tenants referencing new table as added
  for each statement execute function add_notify_channel();

do $migration$
declare
  owner constant text := current_user;
begin
  perform set_config('role', 'signalbox_system', true);
  with made as (
    insert into channels (tenant_id, kind, name, created_by)
    select tenant_id, 'notify', 'Notification service', 'system' from tenants returning tenant_id, channel_id
  )
  insert into subscriptions (tenant_id, channel_id, kinds, created_by)
  select tenant_id, channel_id, '{ticket.urgent}', 'system' from made;
  perform set_config('role', owner, true);
end $migration$;
