-- What has ended is removed tenant by tenant, found by its id, which tells its age.
drop index deliveries_ended;

-- A signal that is still to be delivered stays: it is what is delivered.
create function keep_signal_to_be_delivered() returns trigger language plpgsql as $$
begin
  if exists (
    select from deliveries
    where tenant_id = old.tenant_id and signal_id = old.signal_id and state in ('waiting', 'sending')
  ) then
    return null;
  end if;
  return old;
end $$;
create trigger keep_to_be_delivered before delete on signals for each row execute function keep_signal_to_be_delivered();

-- Also one that somebody lets start anew at this moment: without its signal it would wait for good.
create function forget_deliveries_of_signal() returns trigger language plpgsql as $$
begin
  delete from deliveries using forgotten
  where deliveries.tenant_id = forgotten.tenant_id and deliveries.signal_id = forgotten.signal_id;
  return null;
end $$;
create trigger forget_deliveries after delete on signals referencing old table as forgotten
  for each statement execute function forget_deliveries_of_signal();
