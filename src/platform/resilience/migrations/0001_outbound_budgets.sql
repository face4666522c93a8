-- How many calls may leave for a party that counts them, over all tenants and processes. One row for each such party.
create table platform.outbound_budgets (
  connection text primary key,
  -- When the calls granted last leave, oldest first; as many as one window holds. Some may lie ahead.
  granted timestamptz[] not null,
  -- The party asked everybody to wait until then.
  paused_until timestamptz
);
grant select, insert, update on platform.outbound_budgets to signalbox_system;
