-- Those that their helpdesk has deleted, oldest first. Live tickets are not in it: writing them costs nothing more.
create index tickets_deleted on tickets (tenant_id, deleted_at) where deleted_at is not null;

create function forget_ticket_history() returns trigger language plpgsql as $$
begin
  delete from ticket_history using forgotten
  where ticket_history.tenant_id = forgotten.tenant_id and ticket_history.ticket_id = forgotten.ticket_id;
  return null;
end $$;
create trigger forget_history after delete on tickets referencing old table as forgotten
  for each statement execute function forget_ticket_history();

-- The system looks whose history is old, and sees no more of it than that; it is removed in the tenant's transaction.
create policy across_tenants on ticket_history for select to signalbox_system using (true);
grant select (tenant_id, history_id, recorded_at) on ticket_history to signalbox_system;
