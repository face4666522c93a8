-- Coarser grains, so that all there ever was is a handful of counters: months for totals, years for keywords and sources.
-- Writers wait until this is committed: nothing is counted by the old functions after the backfill. Locked in the order in
-- which readers do.
lock table tickets in share row exclusive mode;

alter table ticket_period_counts drop constraint ticket_period_counts_grain_check;
alter table ticket_period_counts add constraint ticket_period_counts_grain_check
  check (grain in ('quarter_hour', 'day', 'month'));
alter table ticket_facet_counts drop constraint ticket_facet_counts_grain_check;
alter table ticket_facet_counts add constraint ticket_facet_counts_grain_check
  check (grain in ('day', 'month', 'year'));

-- A value's counters stand next to each other: the ten that are shown are read without all others between them.
alter table ticket_facet_counts drop constraint ticket_facet_counts_pkey;
alter table ticket_facet_counts add primary key (tenant_id, facet, grain, value, starts_on);

do $migration$
declare
  counted constant text :=
    'tenant_id, status, urgency, sentiment, requires_action, source, customer_id, created_at, keywords';
  live constant text := 'select ' || counted || ', %s as change from %I where deleted_at is null';
  counting constant text := $sql$
    with changes as materialized (%s), cube as (
      insert into ticket_counts (tenant_id, status, urgency, sentiment, requires_action, source, tickets)
      select tenant_id, status, urgency, sentiment, requires_action, source, sum(change)
      from changes group by 1, 2, 3, 4, 5, 6 having sum(change) <> 0
      on conflict (tenant_id, status, urgency, sentiment, requires_action, source)
        do update set tickets = ticket_counts.tickets + excluded.tickets
    ), periods as (
      insert into ticket_period_counts as counts (tenant_id, grain, starts_at, tickets, open, pending, closed,
        high, medium, low, negative, neutral, positive, requires_action)
      select tenant_id, grain, starts_at, sum(change),
        coalesce(sum(change) filter (where status = 'open'), 0),
        coalesce(sum(change) filter (where status = 'pending'), 0),
        coalesce(sum(change) filter (where status = 'closed'), 0),
        coalesce(sum(change) filter (where urgency = 'high'), 0),
        coalesce(sum(change) filter (where urgency = 'medium'), 0),
        coalesce(sum(change) filter (where urgency = 'low'), 0),
        coalesce(sum(change) filter (where sentiment = 'negative'), 0),
        coalesce(sum(change) filter (where sentiment = 'neutral'), 0),
        coalesce(sum(change) filter (where sentiment = 'positive'), 0),
        coalesce(sum(change) filter (where requires_action), 0)
      from changes
      cross join lateral (values
        ('quarter_hour', date_bin('15 minutes', created_at, 'epoch')),
        ('day', date_bin('1 day', created_at, 'epoch')),
        ('month', date_trunc('month', created_at, 'UTC'))
      ) as grains (grain, starts_at)
      group by 1, 2, 3 order by 1, 2, 3
      on conflict (tenant_id, grain, starts_at) do update set
        tickets = counts.tickets + excluded.tickets, open = counts.open + excluded.open,
        pending = counts.pending + excluded.pending, closed = counts.closed + excluded.closed,
        high = counts.high + excluded.high, medium = counts.medium + excluded.medium, low = counts.low + excluded.low,
        negative = counts.negative + excluded.negative, neutral = counts.neutral + excluded.neutral,
        positive = counts.positive + excluded.positive,
        requires_action = counts.requires_action + excluded.requires_action
    ), days as (
      select tenant_id, facet, (created_at at time zone 'UTC')::date as day, value, sum(change) as change
      from (
        select tenant_id, created_at, 'source' as facet, source as value, change from changes
        union all
        select tenant_id, created_at, 'keyword', keyword, change
        from changes cross join lateral (select distinct unnest(keywords) as keyword) as words
        where keywords <> '{}' and keyword is not null
      ) as facets
      group by 1, 2, 3, 4 having sum(change) <> 0
    ), facets as (
      insert into ticket_facet_counts as counts (tenant_id, facet, grain, starts_on, value, tickets)
      select tenant_id, facet, 'day', day, value, change from days
      union all
      select tenant_id, facet, grain, date_trunc(grain, day::timestamp)::date, value, sum(change)
      from days cross join (values ('month'), ('year')) as grains (grain)
      group by 1, 2, 3, 4, 5 having sum(change) <> 0
      on conflict (tenant_id, facet, grain, value, starts_on) do update set tickets = counts.tickets + excluded.tickets
    )
    insert into ticket_customer_counts as counts
      (tenant_id, customer_id, unresolved_high, unresolved_negative)
    select tenant_id, customer_id,
      coalesce(sum(change) filter (where urgency = 'high'), 0),
      coalesce(sum(change) filter (where sentiment = 'negative'), 0)
    from changes where status <> 'closed' and (urgency = 'high' or sentiment = 'negative') group by 1, 2
    on conflict (tenant_id, customer_id) do update set
      unresolved_high = counts.unresolved_high + excluded.unresolved_high,
      unresolved_negative = counts.unresolved_negative + excluded.unresolved_negative
  $sql$;
  added constant text := format(live, '1', 'added');
  removed constant text := format(live, '-1', 'removed');
  difference constant text := format(
    'select %s, sum(change)::int as change from (%s union all %s) as both_sides group by %1$s having sum(change) <> 0',
    counted, added, removed);
  trigger_function constant text := $sql$
    create or replace function %I() returns trigger language plpgsql as $function$
    begin
      if not exists (select from %I) then return null; end if;
      -- Whoever writes rows of several tenants at once has set none.
      if coalesce(current_setting('signalbox.tenant_id', true), '') = '' then
        perform lock_ticket_counters(tenant_id)
        from (select tenant_id from %2$I group by tenant_id order by hashtext(tenant_id)) as tenants;
      end if;
      %s;
      return null;
    end $function$
  $sql$;
  owner constant text := current_user;
  tenants text[];
  tenant text;
begin
  execute format(trigger_function, 'count_inserted_tickets', 'added', format(counting, added));
  execute format(trigger_function, 'count_updated_tickets', 'added', format(counting, difference));
  execute format(trigger_function, 'count_deleted_tickets', 'removed', format(counting, removed));

  -- The owner sees no counters: each tenant's are added up as its server would.
  perform set_config('role', 'signalbox_system', true);
  select array_agg(tenant_id order by tenant_id) into tenants from tenants;
  perform set_config('role', 'signalbox_serving', true);
  foreach tenant in array coalesce(tenants, '{}') loop
    perform set_config('signalbox.tenant_id', tenant, true);
    insert into ticket_period_counts
    select tenant_id, 'month', date_trunc('month', starts_at, 'UTC'), sum(tickets), sum(open), sum(pending), sum(closed),
      sum(high), sum(medium), sum(low), sum(negative), sum(neutral), sum(positive), sum(requires_action)
    from ticket_period_counts where grain = 'day' group by 1, 3;
    insert into ticket_facet_counts
    select tenant_id, facet, 'year', date_trunc('year', starts_on::timestamp)::date, value, sum(tickets)
    from ticket_facet_counts where grain = 'month' group by 1, 2, 4, 5;
  end loop;
  perform set_config('signalbox.tenant_id', '', true);
  perform set_config('role', owner, true);
end $migration$;
