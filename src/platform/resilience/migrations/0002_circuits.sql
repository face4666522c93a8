-- Who is not called for now, because the last calls failed. One row for each party that is called through a circuit breaker.
create table platform.circuits (
  name text primary key,
  state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
  -- Grows with each change of state. Begins at the time in milliseconds, which is past every generation of a removed circuit
  -- of the same name: a call let through by that one has no say in this one.
  generation bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint,
  -- Whether the last 10 calls succeeded, oldest first, since the circuit last became closed.
  outcomes boolean[] not null default '{}' check (cardinality(outcomes) <= 10),
  opened_at timestamptz check ((opened_at is null) = (state = 'closed')),
  -- The one call that is out to try while half open, and when it counts as lost.
  probe uuid check (probe is null or state = 'half_open'),
  probe_expires_at timestamptz check ((probe_expires_at is null) = (probe is null)),
  -- The party asked everybody to wait until then.
  paused_until timestamptz,
  successes bigint not null default 0,
  failures bigint not null default 0,
  times_opened bigint not null default 0,
  last_failure text,
  last_failure_at timestamptz,
  changed_at timestamptz not null default clock_timestamp()
);
-- Nothing in it belongs to a tenant; last_failure holds a status or an error code, no content.
grant select, insert, update, delete on platform.circuits to signalbox_system;
