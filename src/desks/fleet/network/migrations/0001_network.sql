-- Where trips go. All of it is written by actions alone.
create table stops (
  tenant_id text not null references tenants,
  stop_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 120),
  -- In other languages: {"kn": "…"}.
  names jsonb not null default '{}',
  latitude double precision check (latitude between -90 and 90),
  longitude double precision check (longitude between -180 and 180),
  is_accessible boolean not null default false,
  is_active boolean not null default true,
  version integer not null default 1,
  primary key (tenant_id, stop_id),
  unique (tenant_id, name),
  constraint whole_place check (num_nulls(latitude, longitude) in (0, 2))
);
select platform.secure_tenant_table('stops');
select write_by_actions('stops', 'stop_id');

create table paths (
  tenant_id text not null references tenants,
  path_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 120),
  version integer not null default 1,
  primary key (tenant_id, path_id),
  unique (tenant_id, name)
);
select platform.secure_tenant_table('paths');
select write_by_actions('paths', 'path_id');

-- A stop may come more than once: a loop ends where it began.
create table path_stops (
  tenant_id text not null references tenants,
  path_stop_id uuid not null default uuidv7(),
  path_id uuid not null,
  position integer not null check (position between 0 and 199),
  stop_id uuid not null,
  -- From the first stop.
  minutes integer not null check (minutes between 0 and 2880),
  metres integer not null check (metres between 0 and 5000000),
  primary key (tenant_id, path_stop_id),
  unique (tenant_id, path_id, position),
  foreign key (tenant_id, path_id) references paths (tenant_id, path_id),
  foreign key (tenant_id, stop_id) references stops (tenant_id, stop_id)
);
create index path_stops_by_stop on path_stops (tenant_id, stop_id);
select platform.secure_tenant_table('path_stops');
select write_by_actions('path_stops', 'path_stop_id');

-- A path, driven at a time on the days of a calendar.
create table routes (
  tenant_id text not null references tenants,
  route_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 120),
  path_id uuid not null,
  direction text not null check (direction in ('up', 'down')),
  -- Of the service day, in the tenant's zone; past midnight as 25:10.
  departs text not null check (departs ~ '^([0-3][0-9]|4[0-7]):[0-5][0-9]$'),
  -- Of core/clocks, where it may be removed while a route names it; null is every day.
  calendar_id uuid,
  valid_from date not null,
  valid_to date check (valid_to >= valid_from),
  -- What may be booked before a trip has a vehicle.
  planned_seats integer not null check (planned_seats between 0 and 300),
  is_active boolean not null default true,
  version integer not null default 1,
  primary key (tenant_id, route_id),
  unique (tenant_id, name),
  foreign key (tenant_id, path_id) references paths (tenant_id, path_id)
);
create index routes_by_path on routes (tenant_id, path_id);
select platform.secure_tenant_table('routes', 'select');
select write_by_actions('routes', 'route_id');
