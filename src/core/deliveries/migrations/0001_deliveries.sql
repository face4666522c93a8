-- One signal for one channel. Made in the transaction that raises the signal, made to leave afterwards.
create table deliveries (
  tenant_id text not null,
  -- Sent with every attempt: a receiver knows repeats by it.
  delivery_id uuid not null default uuidv7(),
  channel_id uuid not null,
  signal_id uuid not null,
  -- Of the channel and of the signal, here for the queue's index.
  circuit text not null,
  subject text not null,
  -- The order within a subject.
  position bigint not null generated always as identity,
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'delivered', 'dead')),
  attempts integer not null default 0,
  -- Those since it was made or redriven: by them it is chosen and waits.
  tries integer not null default 0,
  due_at timestamptz not null default now(),
  -- Grows with each claim; who holds an older one can record nothing.
  fencing bigint not null default 0,
  lease_expires_at timestamptz,
  created_at timestamptz not null default now(),
  -- When its age is counted from: the creation, the end of quiet hours, or the last redrive.
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  -- Of the last attempt, or why it is dead.
  last_failure text,
  primary key (tenant_id, delivery_id),
  unique (tenant_id, signal_id, channel_id)
);
-- No foreign keys, here and in the attempts: PostgreSQL checks each row with a plan that a connection keeps from when the
-- table was small, a scan. Deliveries are made by the trigger on signals, which nobody deletes, for channels that are not
-- deleted meanwhile (lock_signals); attempts by the statement that claims the delivery. Triggers delete both with what they
-- belong to.
-- The queue of a circuit: what has failed most often first, then what was never tried, from one tenant after the other.
create index deliveries_again on deliveries (circuit, tries desc, position) where state = 'waiting' and tries > 0;
create index deliveries_fresh on deliveries (circuit, tenant_id, due_at, position) where state = 'waiting' and tries = 0;
create index deliveries_due on deliveries (circuit, due_at) where state = 'waiting';
create index deliveries_sending on deliveries (circuit, lease_expires_at) where state = 'sending';
-- Whether an earlier one about the same subject is still to be delivered.
create index deliveries_in_order on deliveries (tenant_id, channel_id, subject, position) where state in ('waiting', 'sending');
create index deliveries_by_id on deliveries (delivery_id);
create index deliveries_ended on deliveries (ended_at) where state = 'delivered';
create index deliveries_dead on deliveries (tenant_id, ended_at desc, delivery_id) where state = 'dead';
select platform.secure_tenant_table('deliveries', 'select, insert, update, delete');

create table delivery_attempts (
  tenant_id text not null,
  delivery_id uuid not null,
  attempt integer not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  -- lost: the process that made it died, nobody knows whether it arrived.
  outcome text check (outcome in ('delivered', 'failed', 'refused', 'lost')),
  status_code integer,
  reason text,
  primary key (tenant_id, delivery_id, attempt)
);
select platform.secure_tenant_table('delivery_attempts', 'select, insert, update, delete');

-- Runs with the rights of who raises: row-level security shows exactly the tenant's channels. The system role sees all.
create function deliver_raised_signals() returns trigger language plpgsql as $$
begin
  insert into deliveries (tenant_id, channel_id, signal_id, circuit, subject, due_at, started_at)
  select tenant_id, channel_id, signal_id, circuit, subject, due_at, due_at
  from (
    select distinct on (raised.tenant_id, raised.signal_id, channels.channel_id)
      raised.tenant_id, channels.channel_id, raised.signal_id, channels.circuit, raised.subject, raised.change,
      case when subscriptions.quiet_from is null then now()
        else end_of_quiet_hours(now(), tenants.time_zone, subscriptions.quiet_from, subscriptions.quiet_to) end as due_at
    from raised
    join subscriptions on subscriptions.tenant_id = raised.tenant_id
      and (subscriptions.kinds = '{}' or raised.kind = any(subscriptions.kinds))
      and raised.severity >= subscriptions.minimum_severity
    join channels on channels.tenant_id = subscriptions.tenant_id and channels.channel_id = subscriptions.channel_id
      and channels.is_enabled
      -- What is wrong with a channel is not told through it.
      and raised.subject <> 'channel:' || channels.channel_id
    join tenants on tenants.tenant_id = raised.tenant_id
    order by raised.tenant_id, raised.signal_id, channels.channel_id, due_at
  ) as chosen
  order by change;
  if found then perform pg_notify('signalbox_deliveries', ''); end if;
  return null;
end $$;

-- The moment itself when it is not within quiet hours, else when they end.
create function end_of_quiet_hours(at timestamptz, zone text, quiet_from time, quiet_to time) returns timestamptz
language sql stable as $$
  select case
    when quiet_from < quiet_to and local::time >= quiet_from and local::time < quiet_to
      then (local::date + quiet_to) at time zone known.zone
    when quiet_from > quiet_to and local::time >= quiet_from then (local::date + 1 + quiet_to) at time zone known.zone
    when quiet_from > quiet_to and local::time < quiet_to then (local::date + quiet_to) at time zone known.zone
    else at
  end
  -- A server moved to can be older than what it holds: no message is lost over its time zone.
  from (select case when knows_time_zone(zone) then zone else 'UTC' end as zone) as known,
    lateral (select at at time zone known.zone as local) as clock
$$;

create trigger deliver_raised after insert on signals referencing new table as raised
  for each statement execute function deliver_raised_signals();

create function forget_deliveries_of_channel() returns trigger language plpgsql as $$
begin
  delete from deliveries where tenant_id = old.tenant_id and channel_id = old.channel_id;
  return null;
end $$;
create trigger forget_deliveries after delete on channels for each row execute function forget_deliveries_of_channel();
-- As whoever raises a signal does: a channel goes before, or with what was made for it.
create function lock_signals_of_channel() returns trigger language plpgsql as $$
begin
  perform lock_signals(old.tenant_id);
  return old;
end $$;
create trigger lock_signals before delete on channels for each row execute function lock_signals_of_channel();

create function forget_attempts() returns trigger language plpgsql as $$
begin
  delete from delivery_attempts using forgotten
  where delivery_attempts.tenant_id = forgotten.tenant_id and delivery_attempts.delivery_id = forgotten.delivery_id;
  return null;
end $$;
create trigger forget_attempts after delete on deliveries referencing old table as forgotten
  for each statement execute function forget_attempts();

-- What waits for a channel that is switched off is given up at once; it can be redriven.
create function give_up_deliveries_of_channel() returns trigger language plpgsql as $$
begin
  update deliveries set state = 'dead', ended_at = clock_timestamp(), last_failure = 'The channel was switched off.'
  where tenant_id = new.tenant_id and channel_id = new.channel_id and state = 'waiting';
  return null;
end $$;

-- Nobody has to look any more after a channel that is not used.
create function resolve_signals_of_channel() returns trigger language plpgsql as $$
begin
  update signals set state = 'resolved', resolved_at = clock_timestamp()
  where tenant_id = old.tenant_id and state <> 'resolved' and (
    dedupe_key = old.circuit
    -- Switched on again, or gone: that it was switched off is over, and the next time is told anew.
    or dedupe_key = 'channel.switched_off:' || old.channel_id and (tg_op = 'DELETE' or not old.is_enabled));
  return null;
end $$;
create trigger resolve_signals after delete on channels for each row execute function resolve_signals_of_channel();
create trigger resolve_signals_of_switched after update of is_enabled on channels
  for each row when (old.is_enabled <> new.is_enabled) execute function resolve_signals_of_channel();
create trigger give_up_deliveries after update of is_enabled on channels
  for each row when (old.is_enabled and not new.is_enabled) execute function give_up_deliveries_of_channel();
