-- What needs a person. Raised by whoever finds it, in the transaction of its cause; by SQL: a trigger on the cause's table, or a store.
create type signal_severity as enum ('info', 'warning', 'critical');

-- The number of a change, given by triggers under lock_signals, so that within a tenant a larger number commits later: who
-- has seen one has missed none before it.
create sequence signal_changes;
grant usage on sequence signal_changes to signalbox_serving, signalbox_system;

create table signals (
  tenant_id text not null references tenants,
  signal_id uuid not null default uuidv7(),
  -- e.g. ticket.urgent
  kind text not null check (length(kind) between 1 and 100),
  -- What it is about, e.g. ticket:<ticket_id>. Deliveries about one subject keep their order.
  subject text not null,
  severity signal_severity not null,
  -- A sentence for people.
  title text not null,
  facts jsonb not null default '{}',
  -- The cause: while a signal of it is not resolved, there is no second one.
  dedupe_key text not null,
  state text not null default 'open' check (state in ('open', 'acknowledged', 'resolved')),
  -- Hidden from the list of what is open until then.
  snoozed_until timestamptz,
  raised_at timestamptz not null default clock_timestamp(),
  acknowledged_at timestamptz,
  acknowledged_by text,
  resolved_at timestamptz,
  -- Null: its cause went away.
  resolved_by text,
  -- Grows with every change of the signal. Whatever a writer says, number_signal_change puts the number here.
  change bigint not null default 0,
  primary key (tenant_id, signal_id)
);
create unique index signals_once on signals (tenant_id, dedupe_key) where state <> 'resolved';
create index signals_by_change on signals (tenant_id, change);
-- The API finds the tenant of a signal it is asked for by id.
create index signals_by_id on signals (signal_id);
create index signals_by_subject on signals (tenant_id, subject, signal_id desc);
create index signals_unresolved on signals (tenant_id, signal_id desc) where state <> 'resolved';
select platform.secure_tenant_table('signals', 'select, insert, update');

create function lock_signals(tenant text) returns void language sql as $$
  select pg_advisory_xact_lock(71641, hashtext(tenant))
$$;

-- Before any signal is locked: two that change several would otherwise wait for each other's.
create function lock_signals_of_writer() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('signalbox.tenant_id', true), '') <> '' then
    perform lock_signals(current_setting('signalbox.tenant_id'));
  end if;
  return null;
end $$;
create trigger lock_signals before insert or update on signals
  for each statement execute function lock_signals_of_writer();

create function number_signal_change() returns trigger language plpgsql as $$
begin
  -- Who writes for several tenants at once has set none, and is locked out here, signal by signal.
  if coalesce(current_setting('signalbox.tenant_id', true), '') = '' then
    perform lock_signals(new.tenant_id);
  end if;
  new.change := nextval('signal_changes');
  return new;
end $$;
create trigger number_change before insert or update on signals
  for each row execute function number_signal_change();

-- Tells listeners which tenants have something new; they read the rest from the table.
create function tell_of_signals() returns trigger language plpgsql as $$
begin
  perform pg_notify('signalbox_signals', tenant_id) from (select distinct tenant_id from changed) as tenants;
  return null;
end $$;
create trigger tell_of_raised after insert on signals referencing new table as changed
  for each statement execute function tell_of_signals();
create trigger tell_of_changed after update on signals referencing new table as changed
  for each statement execute function tell_of_signals();

-- For operators of the platform, about what belongs to no tenant.
create table platform.operator_signals (
  signal_id uuid primary key default uuidv7(),
  kind text not null check (length(kind) between 1 and 100),
  subject text not null,
  severity signal_severity not null,
  title text not null,
  facts jsonb not null default '{}',
  dedupe_key text not null,
  state text not null default 'open' check (state in ('open', 'acknowledged', 'resolved')),
  raised_at timestamptz not null default clock_timestamp(),
  acknowledged_at timestamptz,
  acknowledged_by text,
  resolved_at timestamptz,
  resolved_by text
);
create unique index operator_signals_once on platform.operator_signals (dedupe_key) where state <> 'resolved';
grant select, insert, update, delete on platform.operator_signals to signalbox_system;
