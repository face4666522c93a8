-- When each step of the upkeep is next due, and which process does it now. No tenant's data.
create table platform.upkeep_steps (
  name text primary key,
  owner text,
  -- Grows with each taking; who holds an older one can no longer say how it went.
  fencing bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  due_at timestamptz not null default '-infinity',
  succeeded_at timestamptz,
  failed_at timestamptz
);
grant select, insert, update on platform.upkeep_steps to signalbox_system;

-- The smallest UUID of version 7 of a moment: what stands before it in an index was made before that moment.
create function platform.first_uuid_at(moment timestamptz) returns uuid language sql stable as $$
  select (lpad(to_hex(greatest(0, extract(epoch from moment) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;
