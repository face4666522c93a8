-- Scalars in exclusion constraints. It ships with PostgreSQL and is trusted: who may create in the database may install it.
create extension if not exists btree_gist;

-- What was previewed and may be applied, once.
create table action_plans (
  tenant_id text not null references tenants,
  plan_id uuid not null default uuidv7(),
  actor text not null check (length(actor) between 1 and 200),
  -- SHA-256 of names, targets and arguments, in their order.
  steps_hash bytea not null check (length(steps_hash) = 32),
  -- SHA-256 of the outcome, rows as they were before included.
  fingerprint bytea not null check (length(fingerprint) = 32),
  outcome jsonb not null,
  made_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (tenant_id, plan_id)
);
select platform.secure_tenant_table('action_plans', 'select, delete');

-- What was done: by whom, for whom, and what came of it.
create table action_receipts (
  tenant_id text not null references tenants,
  receipt_id uuid not null default uuidv7(),
  plan_id uuid,
  actor text not null check (length(actor) between 1 and 200),
  on_behalf_of text check (length(on_behalf_of) between 1 and 200),
  request_id text not null,
  actions text[] not null,
  risk text not null check (risk in ('safe', 'confirm', 'never')),
  steps jsonb not null,
  outcome jsonb not null,
  undo_until timestamptz,
  undoes uuid,
  applied_at timestamptz not null default now(),
  primary key (tenant_id, receipt_id),
  unique (tenant_id, plan_id),
  -- Once.
  unique (tenant_id, undoes),
  foreign key (tenant_id, undoes) references action_receipts (tenant_id, receipt_id) on delete set null (undoes),
  constraint risky_needs_plan check (risk = 'safe' or plan_id is not null)
);
create index action_receipts_by_actor on action_receipts (tenant_id, actor, receipt_id desc);
select platform.secure_tenant_table('action_receipts', 'select');

-- Every row that an action wrote, as it was and as it became. Filled by triggers: no change can forget to say what it did.
create table action_changes (
  tenant_id text not null references tenants,
  receipt_id uuid not null,
  position bigint not null generated always as identity,
  table_name text not null,
  row_id text not null,
  operation text not null check (operation in ('insert', 'update', 'delete')),
  before jsonb,
  after jsonb,
  primary key (tenant_id, receipt_id, position),
  foreign key (tenant_id, receipt_id) references action_receipts (tenant_id, receipt_id) on delete cascade
    deferrable initially deferred
);
-- What became of a row.
create index action_changes_by_row on action_changes (tenant_id, table_name, row_id, position desc);
select platform.secure_tenant_table('action_changes');

-- How often somebody has done something on a day of the tenant's calendar.
create table action_counts (
  tenant_id text not null references tenants,
  actor text not null,
  action text not null,
  day date not null,
  times integer not null check (times > 0),
  primary key (tenant_id, actor, action, day)
);
select platform.secure_tenant_table('action_counts', 'select, delete');

-- A receipt that has a plan uses it up, in the statement that writes the receipt: a plan of somebody else, one that is used
-- or one that has expired lets no receipt in, whoever asks.
create function use_action_plan() returns trigger language plpgsql as $$
begin
  update action_plans set used_at = now()
  where tenant_id = new.tenant_id and plan_id = new.plan_id and actor = new.actor and used_at is null
    and expires_at > clock_timestamp();
  if not found then
    raise exception using errcode = 'SB002', message = 'no plan of this person that could be used';
  end if;
  return null;
end $$;
create trigger use_action_plan after insert on action_receipts
  for each row when (new.plan_id is not null) execute function use_action_plan();

-- Records a row for the receipt of the transaction. Without one, the serving role writes nothing: what is written by actions
-- alone cannot be written around them.
create function record_action_change() returns trigger language plpgsql as $$
declare
  receipt constant text := nullif(current_setting('signalbox.receipt', true), '');
begin
  if receipt is null then
    -- Retention removes what is old.
    if tg_op = 'DELETE' or current_user <> 'signalbox_serving' then
      return null;
    end if;
    raise exception using errcode = 'SB002', message = format('%s is written by actions alone', tg_table_name);
  end if;
  if tg_op = 'UPDATE' and old is not distinct from new then
    return null;
  end if;
  insert into action_changes (tenant_id, receipt_id, table_name, row_id, operation, before, after)
  values (
    coalesce(new.tenant_id, old.tenant_id), receipt::uuid, tg_table_name,
    to_jsonb(case when tg_op = 'DELETE' then old else new end) ->> tg_argv[0], lower(tg_op),
    case when tg_op <> 'INSERT' then to_jsonb(old) end, case when tg_op <> 'DELETE' then to_jsonb(new) end);
  return null;
end $$;

-- From now on the table is written by actions alone, row by row on record. `id`: the column that, with tenant_id, names a row.
create function write_by_actions(target regclass, id text) returns void language plpgsql as $$
begin
  execute format('create trigger record_action_change after insert or update or delete on %s
    for each row execute function record_action_change(%L)', target, id);
end $$;
