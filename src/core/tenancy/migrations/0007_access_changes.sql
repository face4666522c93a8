-- Tells whoever serves something that goes on (a stream) that a caller may do less now: the payload is the caller's id as in
-- the audit log, person:<id> or key:<id>. As triggers, so that whoever takes access away tells of it, better-auth included,
-- and only if and when that commits. It only says whom to look up again.
create function tell_of_ended_sessions() returns trigger language plpgsql as $$
begin
  -- Not of those that were over already: the upkeep deletes them by the thousand.
  perform pg_notify('signalbox_access', 'person:' || user_id) from (
    select distinct user_id from ended where expires_at > now()
  ) as persons;
  return null;
end $$;
create trigger tell_of_ended after delete on identity.session referencing old table as ended
  for each statement execute function tell_of_ended_sessions();

create function tell_of_api_key() returns trigger language plpgsql as $$
begin
  perform pg_notify('signalbox_access', 'key:' || old.api_key_id);
  return null;
end $$;
create trigger tell_of_revoked after update of revoked_at on api_keys
  for each row when (old.revoked_at is null and new.revoked_at is not null) execute function tell_of_api_key();
create trigger tell_of_deleted after delete on api_keys for each row execute function tell_of_api_key();

-- The keys that a person answers for can do no more than the person.
create function tell_of_membership() returns trigger language plpgsql as $$
begin
  perform pg_notify('signalbox_access', 'person:' || old.person_id);
  perform pg_notify('signalbox_access', 'key:' || api_key_id) from api_keys
  where tenant_id = old.tenant_id and person_id = old.person_id and revoked_at is null;
  return null;
end $$;
create trigger tell_of_role after update of role on memberships
  for each row when (old.role is distinct from new.role) execute function tell_of_membership();
create trigger tell_of_removed after delete on memberships for each row execute function tell_of_membership();
