-- What drives, who drives, and when each is taken. All of it is written by actions alone.
create table vehicles (
  tenant_id text not null references tenants,
  vehicle_id uuid not null default uuidv7(),
  registration text not null check (length(registration) between 1 and 20),
  kind text not null check (kind in ('bus', 'minibus', 'van', 'cab')),
  color text check (length(color) between 1 and 40),
  description text check (length(description) between 1 and 300),
  seats integer not null check (seats between 1 and 300),
  wheelchair_places integer not null default 0 check (wheelchair_places between 0 and 20),
  cents_per_km integer not null default 0 check (cents_per_km between 0 and 100000),
  -- A day of the tenant's zone.
  service_due_on date,
  is_retired boolean not null default false,
  version integer not null default 1,
  added_at timestamptz not null default now(),
  primary key (tenant_id, vehicle_id),
  unique (tenant_id, registration)
);
select platform.secure_tenant_table('vehicles');
select write_by_actions('vehicles', 'vehicle_id');

create table drivers (
  tenant_id text not null references tenants,
  driver_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 80),
  phone text not null check (length(phone) between 1 and 30),
  languages text[] not null default '{}',
  -- [{"class": "D", "until": "2027-03-31"}]: valid through that day.
  licences jsonb not null default '[]',
  -- Working hours by weekday, as in a calendar; {} is any time.
  shifts jsonb not null default '{}',
  is_retired boolean not null default false,
  version integer not null default 1,
  added_at timestamptz not null default now(),
  primary key (tenant_id, driver_id),
  unique (tenant_id, phone)
);
select platform.secure_tenant_table('drivers');
select write_by_actions('drivers', 'driver_id');

-- One row takes one vehicle or one driver for a while. Two rows that take the same at the same time cannot exist, whatever they
-- are: a trip and a trip, a trip and a workshop, a trip and leave.
create table occupations (
  tenant_id text not null references tenants,
  occupation_id uuid not null default uuidv7(),
  vehicle_id uuid,
  driver_id uuid,
  kind text not null check (kind in ('trip', 'maintenance', 'blocked', 'leave')),
  trip_id uuid,
  -- Of a trip with its turnaround.
  span tstzrange not null check (not isempty(span) and not lower_inf(span) and not upper_inf(span)),
  -- When a driver's work ends: before the turnaround.
  works_until timestamptz,
  reason text check (length(reason) between 1 and 300),
  version integer not null default 1,
  primary key (tenant_id, occupation_id),
  foreign key (tenant_id, vehicle_id) references vehicles (tenant_id, vehicle_id),
  foreign key (tenant_id, driver_id) references drivers (tenant_id, driver_id),
  constraint one_resource check (num_nonnulls(vehicle_id, driver_id) = 1),
  constraint trip_named check ((kind = 'trip') = (trip_id is not null)),
  constraint kind_of_resource check (case kind when 'leave' then driver_id is not null when 'maintenance' then vehicle_id is not null else true end),
  constraint vehicle_taken_once exclude using gist (tenant_id with =, vehicle_id with =, span with &&) where (vehicle_id is not null),
  constraint driver_taken_once exclude using gist (tenant_id with =, driver_id with =, span with &&) where (driver_id is not null)
);
create index occupations_by_trip on occupations (tenant_id, trip_id) where trip_id is not null;
select platform.secure_tenant_table('occupations', 'select, delete');
select write_by_actions('occupations', 'occupation_id');

-- How long people may drive; a tenant without a row has the default.
create table duty_rules (
  tenant_id text not null references tenants,
  rules jsonb not null,
  version integer not null default 1,
  primary key (tenant_id)
);
select platform.secure_tenant_table('duty_rules');
select write_by_actions('duty_rules', 'tenant_id');
