-- Counters of the live tickets, kept by triggers in the transaction that changes the tickets. Only they write here: no
-- foreign keys. A row may have fallen to zero. Room is left in each page, so that an update need not touch the indexes.

-- Every combination that occurs: exact totals for any filter by these columns.
create table ticket_counts (
  tenant_id text not null,
  status text not null,
  urgency text not null,
  sentiment text not null,
  requires_action boolean not null,
  source text not null,
  tickets bigint not null,
  primary key (tenant_id, status, urgency, sentiment, requires_action, source)
) with (fillfactor = 60);
select platform.secure_tenant_table('ticket_counts');

-- By when they were created. A quarter of an hour is the longest span that every time zone's hours and days consist of.
create table ticket_period_counts (
  tenant_id text not null,
  grain text not null check (grain in ('quarter_hour', 'day')),
  -- Of a day: midnight UTC.
  starts_at timestamptz not null,
  tickets bigint not null,
  open bigint not null,
  pending bigint not null,
  closed bigint not null,
  high bigint not null,
  medium bigint not null,
  low bigint not null,
  negative bigint not null,
  neutral bigint not null,
  positive bigint not null,
  requires_action bigint not null,
  primary key (tenant_id, grain, starts_at)
) with (fillfactor = 60);
select platform.secure_tenant_table('ticket_period_counts');

-- By day and month (UTC) of creation, for each source and each keyword; a ticket counts once for each of its keywords.
create table ticket_facet_counts (
  tenant_id text not null,
  facet text not null check (facet in ('source', 'keyword')),
  grain text not null check (grain in ('day', 'month')),
  starts_on date not null,
  value text not null,
  tickets bigint not null,
  primary key (tenant_id, facet, grain, starts_on, value)
) with (fillfactor = 60);
select platform.secure_tenant_table('ticket_facet_counts');

-- Tickets that are not closed and of high urgency or negative sentiment. Others have no row here: one for each customer of
-- a page of new tickets would cost as much as all other counters together.
create table ticket_customer_counts (
  tenant_id text not null,
  customer_id text not null,
  unresolved_high bigint not null,
  unresolved_negative bigint not null,
  -- The points by which customers are at risk.
  risk bigint not null generated always as (
    5 * greatest(unresolved_high, 0) + 3 * greatest(unresolved_negative - 1, 0)) stored,
  primary key (tenant_id, customer_id)
) with (fillfactor = 80);
create index ticket_customer_counts_by_risk on ticket_customer_counts (tenant_id, risk desc, customer_id) where risk > 0;
select platform.secure_tenant_table('ticket_customer_counts');

-- One transaction after the other counts a tenant's tickets. An order of keys would not do: a statement with ON CONFLICT
-- counts what it inserted and what it updated one after the other, a transaction may hold many statements, and two of
-- them would wait for each other's counters. Taken before any ticket is locked, for the same reason.
create function lock_ticket_counters(tenant text) returns void language sql as $$
  select pg_advisory_xact_lock(71640, hashtext(tenant))
$$;

create function announce_ticket_changes() returns trigger language plpgsql as $$
begin
  if current_setting('signalbox.tenant_id', true) <> '' then
    perform lock_ticket_counters(current_setting('signalbox.tenant_id'));
  end if;
  return null;
end $$;

-- One statement counts what a statement changed, and here everything that is there already: rows of any tenants, each
-- with +1 for how it is and -1 for how it was. What did not change in a counted column cancels out.
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
      select tenant_id, grain, date_bin(width, created_at, 'epoch'), sum(change),
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
      cross join (values ('quarter_hour', interval '15 minutes'), ('day', interval '1 day')) as grains (grain, width)
      group by 1, 2, 3
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
      select tenant_id, facet, 'month', date_trunc('month', day::timestamp)::date, value, sum(change)
      from days group by 1, 2, 4, 5 having sum(change) <> 0
      on conflict (tenant_id, facet, grain, starts_on, value) do update set tickets = counts.tickets + excluded.tickets
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
    create function %I() returns trigger language plpgsql as $function$
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

  -- Locks out writers, not readers, until the migration commits: nothing is counted twice or not at all.
  create trigger announce_changes before insert or update or delete on tickets
    for each statement execute function announce_ticket_changes();
  create trigger count_inserted after insert on tickets referencing new table as added
    for each statement execute function count_inserted_tickets();
  create trigger count_updated after update on tickets referencing old table as removed new table as added
    for each statement execute function count_updated_tickets();
  create trigger count_deleted after delete on tickets referencing old table as removed
    for each statement execute function count_deleted_tickets();

  -- The owner sees no tickets, and lifting that would lock out readers: each tenant's are counted as its server would.
  perform set_config('role', 'signalbox_system', true);
  select array_agg(tenant_id order by tenant_id) into tenants from tenants;
  perform set_config('role', 'signalbox_serving', true);
  foreach tenant in array coalesce(tenants, '{}') loop
    perform set_config('signalbox.tenant_id', tenant, true);
    execute format(counting, format(live, '1', 'tickets'));
  end loop;
  perform set_config('signalbox.tenant_id', '', true);
  perform set_config('role', owner, true);
end $migration$;

create function forget_ticket_counters() returns trigger language plpgsql as $$
begin
  truncate ticket_counts, ticket_period_counts, ticket_facet_counts, ticket_customer_counts;
  return null;
end $$;
create trigger forget_counters after truncate on tickets
  for each statement execute function forget_ticket_counters();
