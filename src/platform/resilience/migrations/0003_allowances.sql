-- How often something may be done, over all processes. One row for each name that was used lately.
create table platform.allowances (
  -- SHA-256 of the name, which may hold an address or an e-mail address.
  name bytea primary key check (octet_length(name) = 32),
  -- Each use moves this on by the time in which one use comes back; what lies behind is as good as no row.
  used_until timestamptz not null
);
create index allowances_over on platform.allowances (used_until);
grant select, insert, update, delete on platform.allowances to signalbox_system;
