-- When a tenant works. What it says is in its versions.
create table calendars (
  tenant_id text not null references tenants,
  calendar_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 80),
  -- The version in force.
  version integer not null default 1 check (version > 0),
  created_by text not null,
  created_at timestamptz not null default now(),
  -- Nobody can choose it any more; what was computed with it can still be computed.
  removed_at timestamptz,
  primary key (tenant_id, calendar_id)
);
create unique index calendars_by_name on calendars (tenant_id, name) where removed_at is null;
create index calendars_removed on calendars (removed_at) where removed_at is not null;
select platform.secure_tenant_table('calendars', 'select, delete');

-- A version is in force from its beginning to that of the next one, and never changes: clocks measured with it.
create table calendar_versions (
  tenant_id text not null,
  calendar_id uuid not null,
  version integer not null check (version > 0),
  -- What people wrote; `feed_holidays` is what feeds said.
  document jsonb not null,
  feed_holidays jsonb not null default '[]',
  made_by text not null,
  in_force_from timestamptz not null default clock_timestamp(),
  primary key (tenant_id, calendar_id, version),
  foreign key (tenant_id, calendar_id) references calendars on delete cascade
);
select platform.secure_tenant_table('calendar_versions', 'select, delete');
revoke update, delete on calendar_versions from signalbox_serving;

-- Where a calendar's holidays come from besides what people wrote.
create table calendar_feeds (
  tenant_id text not null,
  feed_id uuid not null default uuidv7(),
  calendar_id uuid not null,
  kind text not null check (kind in ('country', 'url', 'file')),
  name text not null check (length(name) between 1 and 80),
  -- {"country": "DE", "region": "BY"}, {"host": "example.com"} or nothing.
  settings jsonb not null default '{}',
  -- Addresses of feeds may be secrets themselves: encrypted, bound to this row.
  sealed_url bytea,
  -- What it said when it was last read.
  holidays jsonb not null,
  -- How many events are no whole days, and so no holidays.
  left_out integer not null default 0,
  read_at timestamptz not null default now(),
  -- When it is read again; null: never by itself.
  next_read_at timestamptz,
  failures integer not null default 0,
  failure text,
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, feed_id),
  foreign key (tenant_id, calendar_id) references calendars on delete cascade
);
create index calendar_feeds_by_calendar on calendar_feeds (tenant_id, calendar_id);
create index calendar_feeds_due on calendar_feeds (next_read_at) where next_read_at is not null;
select platform.secure_tenant_table('calendar_feeds');
-- The scheduler asks across tenants which feeds are due and takes them; what they say is read and written as their tenant.
create policy across_tenants on calendar_feeds to signalbox_system using (true) with check (true);
grant select (tenant_id, feed_id, next_read_at), update (next_read_at) on calendar_feeds to signalbox_system;
