-- Who is driven, and on which trips. Written by actions alone.
create table riders (
  tenant_id text not null references tenants,
  rider_id uuid not null default uuidv7(),
  name text not null check (length(name) between 1 and 120),
  phone text check (length(phone) between 1 and 30),
  email text check (length(email) between 3 and 254),
  language text not null default 'en' check (language ~ '^[a-z]{2,3}$'),
  office text check (length(office) between 1 and 120),
  version integer not null default 1,
  primary key (tenant_id, rider_id)
);
create index riders_by_name on riders (tenant_id, name, rider_id);
select platform.secure_tenant_table('riders');
select write_by_actions('riders', 'rider_id');

create table bookings (
  tenant_id text not null references tenants,
  booking_id uuid not null default uuidv7(),
  trip_id uuid not null,
  rider_id uuid not null,
  seats integer not null check (seats between 1 and 50),
  wheelchairs integer not null default 0 check (wheelchairs between 0 and 20),
  -- Positions on the trip: it takes the legs from `pickup` to before `dropoff`.
  pickup integer not null check (pickup >= 0),
  dropoff integer not null,
  status text not null check (status in ('confirmed', 'waiting', 'cancelled')),
  reason text check (length(reason) between 1 and 300),
  booked_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (tenant_id, booking_id),
  foreign key (tenant_id, trip_id) references trips (tenant_id, trip_id),
  foreign key (tenant_id, rider_id) references riders (tenant_id, rider_id),
  constraint goes_on check (dropoff > pickup),
  constraint wheelchairs_sit check (wheelchairs <= seats)
);
-- Nobody is on a trip twice.
create unique index bookings_once on bookings (tenant_id, trip_id, rider_id) where status <> 'cancelled';
create index bookings_by_trip on bookings (tenant_id, trip_id, booked_at) where status <> 'cancelled';
create index bookings_by_rider on bookings (tenant_id, rider_id, booking_id desc);
select platform.secure_tenant_table('bookings');
select write_by_actions('bookings', 'booking_id');

-- The most that is taken at once on some leg of a trip. It can only begin to be more where somebody gets on.
create function trip_load(tenant text, trip uuid, out seats integer, out wheelchairs integer) language sql stable as $$
  select coalesce(max(leg.seats), 0)::int, coalesce(max(leg.wheelchairs), 0)::int from (
    select sum(b.seats) as seats, sum(b.wheelchairs) as wheelchairs
    from bookings a join bookings b on b.tenant_id = a.tenant_id and b.trip_id = a.trip_id and b.status = 'confirmed'
      and b.pickup <= a.pickup and b.dropoff > a.pickup
    where a.tenant_id = tenant and a.trip_id = trip and a.status = 'confirmed'
    group by a.booking_id) as leg
$$;

-- No seat is sold twice, whoever writes and however many at once: who confirms a booking holds the trip until the end of the
-- transaction, and sees what those before it have committed.
create function refuse_overbooking() returns trigger language plpgsql as $$
declare
  trip record;
  load record;
begin
  select t.seats, t.wheelchair_places into trip from trips t where t.tenant_id = new.tenant_id and t.trip_id = new.trip_id for update;
  select l.seats, l.wheelchairs into load from trip_load(new.tenant_id, new.trip_id) as l;
  if load.seats > trip.seats or load.wheelchairs > trip.wheelchair_places then
    raise exception using errcode = 'SB003', message = format('%s seats and %s wheelchair places booked of %s and %s',
      load.seats, load.wheelchairs, trip.seats, trip.wheelchair_places);
  end if;
  return null;
end $$;
create trigger refuse_overbooking after insert or update on bookings
  for each row when (new.status = 'confirmed') execute function refuse_overbooking();

-- Neither is a trip given a vehicle with fewer seats than are booked.
create function refuse_too_small() returns trigger language plpgsql as $$
declare
  load record;
begin
  select l.seats, l.wheelchairs into load from trip_load(new.tenant_id, new.trip_id) as l;
  if load.seats > new.seats or load.wheelchairs > new.wheelchair_places then
    raise exception using errcode = 'SB003', message = format('%s seats and %s wheelchair places booked of %s and %s',
      load.seats, load.wheelchairs, new.seats, new.wheelchair_places);
  end if;
  return null;
end $$;
create trigger refuse_too_small after update on trips
  for each row when (new.seats < old.seats or new.wheelchair_places < old.wheelchair_places) execute function refuse_too_small();
