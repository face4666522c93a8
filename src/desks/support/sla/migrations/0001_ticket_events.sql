-- What happened to tickets and is not yet known to their clocks. Whoever writes tickets, and however, writes it here in the same statement;
-- clocks are measured from it at once where somebody waits for them, else by the next worker, who takes the row away.
create table ticket_events (
  tenant_id text not null,
  event_id uuid not null default uuidv7(),
  ticket_id uuid not null,
  at timestamptz not null,
  -- As clocks take it; `untold`: attributes that nobody told, for which rules may have an answer.
  event jsonb not null,
  primary key (tenant_id, event_id)
);
create index ticket_events_by_ticket on ticket_events (tenant_id, ticket_id);
select platform.secure_tenant_table('ticket_events');
-- Workers ask whose there are, and see no more of them.
create policy across_tenants on ticket_events for select to signalbox_system using (true);
grant select (tenant_id) on ticket_events to signalbox_system;

-- Tickets that were a week old when they came here are a history that was brought along: nobody promised anything by our clocks. The id
-- says when a ticket came.
create function is_measured(origin text, created_at timestamptz, ticket_id uuid) returns boolean
language sql immutable parallel safe as $$
  select origin = 'sla' or created_at >= uuid_extract_timestamp(ticket_id) - interval '7 days'
$$;

do $migration$
declare
  attributes constant text := $sql$jsonb_build_object('priority', t.priority, 'tier', t.tier, 'source', t.source,
    'customer', t.customer_id, 'tag', t.tags, 'language', t.language, 'urgency', t.urgency)$sql$;
  -- All that is known of a ticket which clocks do not know yet.
  life constant text := $sql$
    (1, t.created_at, jsonb_build_object('kind', 'opened', 'status', 'open', 'attributes', $sql$ || attributes || $sql$,
      'untold', to_jsonb(array_remove(array[case when t.told_priority is null then 'priority' end,
        case when t.told_tier is null then 'tier' end], null)))),
    (2, case when t.sla_status in ('in_progress', 'pending_customer', 'pending_vendor')
      then coalesce(t.status_changed_at, t.updated_at) end, jsonb_build_object('kind', 'status', 'status', t.sla_status)),
    (3, t.first_response_at, '{"kind": "replied", "by": "us"}'),
    (4, case when t.answered_at is distinct from t.first_response_at then t.answered_at end, '{"kind": "replied", "by": "us"}'),
    (5, t.customer_wrote_at, '{"kind": "replied", "by": "them"}'),
    (6, case when t.status = 'closed' then coalesce(t.resolved_at, t.status_changed_at, t.updated_at) end,
      jsonb_build_object('kind', 'status', 'status', t.sla_status))$sql$;
  -- What one version changed.
  changes constant text := $sql$
    (1, case when t.priority <> o.priority or t.tier <> o.tier or t.source <> o.source or t.customer_id <> o.customer_id
        or t.tags <> o.tags or t.language is distinct from o.language or t.urgency <> o.urgency
      then case when t.updated_at > o.updated_at then t.updated_at else clock_timestamp() end end,
      jsonb_build_object('kind', 'moved', 'attributes', $sql$ || attributes || $sql$)),
    (2, case when t.sla_status <> o.sla_status then
        case when t.status = 'closed' and t.resolved_at is distinct from o.resolved_at then t.resolved_at
          when t.status_changed_at is distinct from o.status_changed_at then t.status_changed_at
          else t.updated_at end end,
      jsonb_build_object('kind', 'status', 'status', t.sla_status)),
    (3, case when t.first_response_at is distinct from o.first_response_at then t.first_response_at end,
      '{"kind": "replied", "by": "us"}'),
    (4, case when t.answered_at is distinct from o.answered_at and t.answered_at is distinct from t.first_response_at
      then t.answered_at end, '{"kind": "replied", "by": "us"}'),
    (5, case when t.customer_wrote_at is distinct from o.customer_wrote_at then t.customer_wrote_at end,
      '{"kind": "replied", "by": "them"}'),
    (6, case when o.deleted_at is null then t.deleted_at end, '{"kind": "cancelled", "reason": "deleted at its source"}')$sql$;
  telling constant text := $sql$
    insert into ticket_events (tenant_id, ticket_id, at, event)
    select tenant_id, ticket_id, at, event from (%s) as told where at is not null order by ticket_id, place$sql$;
begin
  execute format($sql$
    create function events_of_inserted_tickets() returns trigger language plpgsql as $function$
    begin
      %s;
      if found then
        perform pg_notify('signalbox_ticket_events', tenant_id) from (select distinct tenant_id from added) as tenants;
      end if;
      return null;
    end $function$
  $sql$, format(telling, $sql$
    select t.tenant_id, t.ticket_id, place, at, event from added as t cross join lateral (values $sql$ || life || $sql$
    ) as life (place, at, event)
    where t.deleted_at is null and is_measured(t.origin, t.created_at, t.ticket_id)$sql$));

  -- What clocks know of a restored ticket has ended with its deletion: they are told of its life anew.
  execute format($sql$
    create function events_of_updated_tickets() returns trigger language plpgsql as $function$
    begin
      %s;
      if found then
        perform pg_notify('signalbox_ticket_events', tenant_id) from (select distinct tenant_id from added) as tenants;
      end if;
      return null;
    end $function$
  $sql$, format(telling, $sql$
    select t.tenant_id, t.ticket_id, place, at, event
    from added as t join removed as o using (tenant_id, ticket_id) cross join lateral (
      select place, at, event from (values $sql$ || changes || $sql$) as changed (place, at, event)
      where o.deleted_at is null
      union all
      select place, at, event from (values (0, clock_timestamp(), '{"kind": "restored"}'::jsonb), $sql$ || life || $sql$
      ) as life (place, at, event)
      where t.deleted_at is null and o.deleted_at is not null
    ) as happened
    where at is not null and (is_measured(t.origin, t.created_at, t.ticket_id) or exists (
      select from clock_subjects as s
      where s.tenant_id = t.tenant_id and s.kind = 'ticket' and s.subject_id = t.ticket_id))$sql$));

  -- Tickets that are here already and not done.
  alter table tickets no force row level security;
  alter table ticket_events no force row level security;
  execute format(telling, $sql$
    select t.tenant_id, t.ticket_id, place, at, event from tickets as t cross join lateral (values $sql$ || life || $sql$
    ) as life (place, at, event)
    where t.deleted_at is null and t.status <> 'closed' and is_measured(t.origin, t.created_at, t.ticket_id)$sql$);
  alter table tickets force row level security;
  alter table ticket_events force row level security;
end $migration$;

create trigger clock_inserted after insert on tickets referencing new table as added
  for each statement execute function events_of_inserted_tickets();
create trigger clock_updated after update on tickets referencing old table as removed new table as added
  for each statement execute function events_of_updated_tickets();
