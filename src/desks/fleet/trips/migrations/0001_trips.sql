-- A path driven once, at its own time. Written by actions alone.
create table trips (
  tenant_id text not null references tenants,
  trip_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 160),
  route_id uuid,
  path_id uuid not null,
  -- The day it belongs to, in the tenant's zone; a trip of 24:30 departs on the day after.
  service_date date not null,
  -- Set for the trip that was made ahead for its route and day: there is one.
  made_for date check (made_for = service_date),
  direction text check (direction in ('up', 'down')),
  departs_at timestamptz not null,
  arrives_at timestamptz not null,
  delay_minutes integer not null default 0 check (delay_minutes between 0 and 1440),
  status text not null default 'scheduled'
    check (status in ('scheduled', 'boarding', 'in_progress', 'completed', 'cancelled')),
  status_reason text check (length(status_reason) between 1 and 300),
  vehicle_id uuid,
  driver_id uuid,
  -- What may be booked: of its vehicle, before that as planned.
  seats integer not null check (seats between 0 and 300),
  wheelchair_places integer not null default 0 check (wheelchair_places between 0 and 20),
  version integer not null default 1,
  made_at timestamptz not null default now(),
  primary key (tenant_id, trip_id),
  unique (tenant_id, route_id, made_for),
  foreign key (tenant_id, route_id) references routes (tenant_id, route_id),
  foreign key (tenant_id, path_id) references paths (tenant_id, path_id),
  foreign key (tenant_id, vehicle_id) references vehicles (tenant_id, vehicle_id),
  foreign key (tenant_id, driver_id) references drivers (tenant_id, driver_id),
  constraint arrives_later check (arrives_at > departs_at),
  constraint over_frees check (status <> 'cancelled' or num_nonnulls(vehicle_id, driver_id) = 0),
  constraint off_needs_reason check (status <> 'cancelled' or status_reason is not null),
  constraint runs_with_both check (status not in ('in_progress', 'completed') or num_nonnulls(vehicle_id, driver_id) = 2)
);
create index trips_by_day on trips (tenant_id, service_date, departs_at, trip_id);
create index trips_by_path on trips (tenant_id, path_id);
create index trips_live on trips (tenant_id, departs_at) where status in ('scheduled', 'boarding', 'in_progress');
select platform.secure_tenant_table('trips', 'select');
select write_by_actions('trips', 'trip_id');

-- Where it stops: as the path was when it was made.
create table trip_stops (
  tenant_id text not null references tenants,
  trip_stop_id uuid not null default uuidv7(),
  trip_id uuid not null,
  position integer not null check (position between 0 and 199),
  stop_id uuid not null,
  minutes integer not null check (minutes between 0 and 2880),
  metres integer not null check (metres between 0 and 5000000),
  primary key (tenant_id, trip_stop_id),
  unique (tenant_id, trip_id, position),
  foreign key (tenant_id, trip_id) references trips (tenant_id, trip_id),
  foreign key (tenant_id, stop_id) references stops (tenant_id, stop_id)
);
create index trip_stops_by_stop on trip_stops (tenant_id, stop_id);
select platform.secure_tenant_table('trip_stops');
select write_by_actions('trip_stops', 'trip_stop_id');

-- What a trip has is taken for it, and for no trip that is not there.
alter table occupations add foreign key (tenant_id, trip_id) references trips (tenant_id, trip_id);

-- When trips were made ahead last, up to which day.
create table trip_horizons (
  tenant_id text not null references tenants,
  looked_at timestamptz not null default now(),
  made_through date not null,
  primary key (tenant_id)
);
select platform.secure_tenant_table('trip_horizons', 'select');
