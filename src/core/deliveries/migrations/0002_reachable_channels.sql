-- As before, but nothing is made for a channel of which no mail address has been confirmed by its owner.
-- Runs with the rights of who raises: row-level security shows exactly the tenant's channels. The system role sees all.
create or replace function deliver_raised_signals() returns trigger language plpgsql as $$
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
      and channels.is_enabled and channels.is_reachable
      -- What is wrong with a channel is not told through it.
      and raised.subject <> 'channel:' || channels.channel_id
    join tenants on tenants.tenant_id = raised.tenant_id
    order by raised.tenant_id, raised.signal_id, channels.channel_id, due_at
  ) as chosen
  order by change;
  if found then perform pg_notify('signalbox_deliveries', ''); end if;
  return null;
end $$;
