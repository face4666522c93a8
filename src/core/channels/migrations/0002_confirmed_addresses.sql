-- The mail addresses that a tenant's channels lead to: until the owner of one has confirmed it, nothing goes there but the mail that
-- asks them and one test.
create table channel_addresses (
  tenant_id text not null references tenants,
  -- In lower case.
  address text not null,
  created_at timestamptz not null default now(),
  asked_at timestamptz,
  -- SHA-256 of the token in the last mail that asked.
  token_hash bytea check (octet_length(token_hash) = 32),
  token_expires_at timestamptz check ((token_expires_at is null) = (token_hash is null)),
  tested_at timestamptz,
  confirmed_at timestamptz,
  primary key (tenant_id, address)
);
-- Not unique, because a unique index without tenant_id cannot be sharded; 256 random bits do not collide.
create index channel_addresses_by_token on channel_addresses (token_hash) where token_hash is not null;
-- The token names the tenant, so it is looked up before there is one. Those of no channel are forgotten for all tenants.
select platform.secure_tenant_table('channel_addresses', 'select, insert, delete');

-- Recipients that have not confirmed, in lower case.
alter table channels add awaiting text[] not null default '{}';
alter table channels add is_reachable boolean not null generated always as (
  kind <> 'email' or cardinality(awaiting) < coalesce(jsonb_array_length(settings -> 'recipients'), 1)) stored;

-- Channels that are there already go on.
do $migration$
declare
  owner constant text := current_user;
begin
  perform set_config('role', 'signalbox_system', true);
  insert into channel_addresses (tenant_id, address, confirmed_at)
  select distinct tenant_id, lower(address), now()
  from channels, jsonb_array_elements_text(settings -> 'recipients') as recipients (address) where kind = 'email';
  perform set_config('role', owner, true);
end $migration$;
