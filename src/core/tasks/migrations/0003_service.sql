-- Looking at tasks is a permission of its own now: whoever holds a key that could goes on.
update api_keys set permissions = permissions || array['task.use']
where permissions && array['task.read', 'task.cancel'] and not permissions && array['task.use'];

-- What callers say of the tasks that they hand over, and what decides whose turn it is.
alter table tasks
  add column title text check (length(title) between 1 and 255),
  add column description text check (length(description) <= 10000),
  -- Handed over by a caller. False: the system's own work, which no caller makes or changes.
  add column is_offered boolean not null default false,
  add column priority smallint not null default 0 check (priority between -10 and 10),
  -- Of those that may run the one with the earliest turn goes first. Decided once, when the task is added: see turn.ts.
  add column turn timestamptz not null default now(),
  -- Added for a later time: nobody queues up behind it meanwhile.
  add column is_delayed boolean not null default false,
  -- Of the tasks of a tenant with the same key one runs at a time.
  add column concurrency_key text check (length(concurrency_key) between 1 and 200),
  -- Of the attempt that runs now.
  add column attempt_started_at timestamptz,
  add column updated_at timestamptz not null default now(),
  -- Grows with every change that a caller makes.
  add column version integer not null default 1,
  -- Lines that its handler has said.
  add column log_lines integer not null default 0;

create unique index tasks_one_running_per_concurrency_key on tasks (tenant_id, concurrency_key)
  where concurrency_key is not null and status = 'running';
create index tasks_waiting_by_concurrency_key on tasks (tenant_id, concurrency_key, turn)
  where concurrency_key is not null and status in ('queued', 'retrying');
create index tasks_waiting_by_turn on tasks (tenant_id, turn desc) include (priority)
  where status in ('queued', 'retrying') and not is_delayed;
create index tasks_by_creator on tasks (tenant_id, created_by, task_id desc);

-- What became of each attempt, written with its end by whoever ended it.
create table task_attempts (
  tenant_id text not null,
  task_id uuid not null,
  -- The fencing number of the claim: attempts that were handed back are told apart, too.
  claim bigint not null,
  attempt integer not null,
  owner text not null,
  started_at timestamptz not null,
  ended_at timestamptz not null default clock_timestamp(),
  outcome text not null check (outcome in ('succeeded', 'failed', 'retry', 'cancelled', 'handed_back', 'lost')),
  error_class text,
  error jsonb,
  primary key (tenant_id, task_id, claim),
  foreign key (tenant_id, task_id) references tasks on delete cascade
);
-- The reaper writes the attempts of workers that are gone, of all tenants.
select platform.secure_tenant_table('task_attempts', 'insert');

-- Lines that a handler says on its way, a thousand of a task at the most.
create table task_log (
  tenant_id text not null,
  task_id uuid not null,
  line integer not null,
  at timestamptz not null default clock_timestamp(),
  text text not null check (length(text) <= 2000),
  primary key (tenant_id, task_id, line),
  foreign key (tenant_id, task_id) references tasks on delete cascade
);
select platform.secure_tenant_table('task_log');

-- How large a tenant's share of the workers is, beside those of others. Without a row: 1.
create table task_shares (
  tenant_id text primary key references tenants,
  weight real not null check (weight between 0.01 and 100)
);
select platform.secure_tenant_table('task_shares', 'select, insert, update, delete');
