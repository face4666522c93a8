-- A live ticket of high urgency needs a person. Whoever writes tickets, and however: what becomes urgent raises a signal in
-- the same transaction, what is urgent no more resolves it, and what stays urgent does neither.
create function signal_of_ticket(ticket_id uuid) returns text language sql immutable as $$
  select 'ticket:' || ticket_id
$$;

do $migration$
declare
  raising constant text := $sql$
    insert into signals (tenant_id, kind, subject, severity, title, facts, dedupe_key)
    select tenant_id, 'ticket.urgent', signal_of_ticket(ticket_id), 'critical',
      left('Urgent: ' || coalesce(nullif(subject, ''), external_id), 300),
      jsonb_build_object('ticket_id', ticket_id, 'external_id', external_id, 'customer_id', customer_id, 'source', source,
        'status', status, 'urgency', urgency, 'sentiment', sentiment, 'subject', left(subject, 300), 'keywords', keywords),
      'ticket.urgent:' || ticket_id
    from %s
    order by created_at, ticket_id
    on conflict (tenant_id, dedupe_key) where state <> 'resolved' do nothing
  $sql$;
begin
  execute format($sql$
    create function signal_inserted_tickets() returns trigger language plpgsql as $function$
    begin
      if not exists (select from added where urgency = 'high' and deleted_at is null) then return null; end if;
      %s;
      return null;
    end $function$
  $sql$, format(raising, $from$added where urgency = 'high' and deleted_at is null$from$));

  execute format($sql$
    create function signal_updated_tickets() returns trigger language plpgsql as $function$
    begin
      if exists (select from removed where urgency = 'high' and deleted_at is null) then
        update signals set state = 'resolved', resolved_at = clock_timestamp()
        from removed join added using (tenant_id, ticket_id)
        where signals.tenant_id = removed.tenant_id and signals.dedupe_key = 'ticket.urgent:' || removed.ticket_id
          and signals.state <> 'resolved' and removed.urgency = 'high' and removed.deleted_at is null
          and (added.urgency <> 'high' or added.deleted_at is not null);
      end if;
      if exists (select from added where urgency = 'high' and deleted_at is null) then
        %s;
      end if;
      return null;
    end $function$
  $sql$, format(raising, $from$(
      select added.* from added join removed using (tenant_id, ticket_id)
      where added.urgency = 'high' and added.deleted_at is null
        and (removed.urgency <> 'high' or removed.deleted_at is not null)) as became$from$));
end $migration$;

create function signal_deleted_tickets() returns trigger language plpgsql as $$
begin
  update signals set state = 'resolved', resolved_at = clock_timestamp()
  from removed
  where signals.tenant_id = removed.tenant_id and signals.dedupe_key = 'ticket.urgent:' || removed.ticket_id
    and signals.state <> 'resolved' and removed.urgency = 'high';
  return null;
end $$;

create trigger signal_inserted after insert on tickets referencing new table as added
  for each statement execute function signal_inserted_tickets();
create trigger signal_updated after update on tickets referencing old table as removed new table as added
  for each statement execute function signal_updated_tickets();
create trigger signal_deleted after delete on tickets referencing old table as removed
  for each statement execute function signal_deleted_tickets();
