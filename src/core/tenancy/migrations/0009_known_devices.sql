-- From where a person has signed in: guessing their password from elsewhere, as many as may take part, does not keep them out there.
create table identity.known_device (
  user_id uuid not null references identity."user" (id) on delete cascade,
  -- SHA-256 of a browser's cookie, or of a network address.
  hash bytea not null check (octet_length(hash) = 32),
  last_seen_at timestamptz not null default now(),
  primary key (user_id, hash)
);
create index known_device_last_seen on identity.known_device (last_seen_at);
grant select, insert, update, delete on identity.known_device to signalbox_identity;
