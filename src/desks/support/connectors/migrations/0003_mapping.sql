-- What words of the account stand for at the desk, where they are not what such words stand for by default.
alter table connectors add column mapping jsonb not null default '{}';
