-- Codes of an authenticator app, for people who want them; laid out as better-auth expects it. Secret and recovery codes are encrypted.
alter table identity."user" add two_factor_enabled boolean not null default false;

create table identity.two_factor (
  id uuid primary key default uuidv7(),
  secret text not null,
  backup_codes text not null,
  user_id uuid not null unique references identity."user" (id) on delete cascade,
  -- False until the first code was right.
  verified boolean,
  -- Of a lock that is not used: it would let whoever knows the password keep its owner out.
  failed_verification_count integer,
  locked_until timestamptz
);
grant select, insert, update, delete on identity.two_factor to signalbox_identity;
