-- The processes of the system, one row for each start, so that every process can tell whether workers live anywhere.
create table platform.processes (
  -- As in tasks.lease_owner.
  process_id text primary key,
  roles text[] not null,
  version text not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  -- Set when the process said goodbye. One that was killed only stops being seen.
  stopped_at timestamptz
);
grant select, insert, update, delete on platform.processes to signalbox_system;
