-- What a route does outside of a transaction (a test message, an upload) is done under a key that was reserved before: a row
-- with an owner and a lease, and no answer yet. The owner extends the lease while it works and completes the row with the
-- answer, in the transaction of the effect where there is one. Whoever finds the lease over may take the row.
alter table idempotency_keys
  alter column request_hash drop not null,
  alter column status drop not null,
  alter column headers drop not null,
  alter column answer_kept drop not null,
  add column owner uuid,
  add column lease_expires_at timestamptz,
  add constraint idempotency_keys_in_flight_or_answered check (
    case when status is null then owner is not null and lease_expires_at is not null
    else owner is null and lease_expires_at is null
      and request_hash is not null and headers is not null and answer_kept is not null end);
grant update on idempotency_keys to signalbox_system;
-- Of a thing that was deleted, only the record of its deletion still says whose it was.
create index idempotency_keys_by_caller on idempotency_keys (caller_id, key);
