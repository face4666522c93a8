-- Who changed the field when it was not delivered that way: an agent (`person:…`, `key:…`) or other rules (`rules:<version>`).
alter table ticket_history add column changed_by text;
create index tickets_corrected on tickets (tenant_id, corrected_at, ticket_id) where corrected_at is not null;
-- Milliseconds, as a JavaScript date holds them: a cursor with more would come to a correction twice.
alter table tickets alter column corrected_at type timestamptz(3);
