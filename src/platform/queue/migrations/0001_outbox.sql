-- What is to leave for a queue outside of the database, and what has left and is not over yet: one row for each message,
-- added in the transaction that has something to say and removed when a worker is done with it.
create schema outbox;
grant usage on schema outbox to signalbox_serving, signalbox_system;

create table outbox.messages (
  message_id uuid primary key default uuidv7(),
  queue text not null,
  -- Ids alone; the truth stands in the table that they point to.
  data jsonb not null check (octet_length(data::text) <= 1000),
  group_id text not null,
  priority integer not null,
  -- later: not before look_at. waiting: leaves when its group has room. sending: a relay has it. sent: no worker has it yet. taken: one has.
  state text not null check (state in ('later', 'waiting', 'sending', 'sent', 'taken')),
  -- From then on, whatever state it is in, it is waiting (again): due, or lost on its way, or with a worker that is gone.
  look_at timestamptz not null,
  sends integer not null default 0,
  -- Grows with each worker that takes it: who has an older number has it no more.
  takes integer not null default 0
);
create index messages_by_time on outbox.messages (look_at) where state <> 'waiting';
create index messages_waiting on outbox.messages (group_id, priority desc, message_id) where state = 'waiting';
create index messages_under_way on outbox.messages (group_id) where state in ('sending', 'sent', 'taken');
create index messages_by_task on outbox.messages ((data ->> 'taskId'));

-- A tenant's transaction may add and see nothing: messages of all tenants lie in one table.
grant insert on outbox.messages to signalbox_serving;
grant select, insert, update, delete on outbox.messages to signalbox_system;
