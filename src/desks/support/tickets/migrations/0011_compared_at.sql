-- By which time versions of the ticket are compared where that is not updated_at: the latest believable time before a version
-- whose own lies ahead of our clock; -infinity when there was none.
alter table tickets add column compared_at timestamptz(3);

-- What was taken for the newest for good, and could never change again, gives way to whatever is told next.
alter table tickets no force row level security;
update tickets set compared_at = '-infinity' where updated_at > now() + interval '10 minutes';
alter table tickets force row level security;
