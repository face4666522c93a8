-- Each change of a task has a number, larger than those before it: what happened after one is told without a gap, and whoever
-- keeps a copy knows which it has. Extending a lease is no change.
alter table tasks
  add column change bigint not null default 0,
  -- The last change that was more than a line of the log.
  add column state_change bigint not null default 0,
  -- Until then whoever changes it notifies: somebody follows it, or keeps a copy. Commits that notify wait for one another's
  -- flush to the disk, so that those of tasks nobody looks at must not.
  add column watched_until timestamptz;
alter table task_attempts add column change bigint not null default 0;
alter table task_log add column change bigint not null default 0;

-- What happened before there were numbers, in the order of time.
with happened as (
  select tenant_id, task_id, at, line, null::bigint as claim from task_log
  union all
  select tenant_id, task_id, ended_at, null, claim from task_attempts
), numbered as (
  select *, row_number() over (partition by tenant_id, task_id order by at, line nulls last, claim) as change from happened
), lines as (
  update task_log set change = numbered.change from numbered
  where task_log.tenant_id = numbered.tenant_id and task_log.task_id = numbered.task_id and task_log.line = numbered.line
), attempts as (
  update task_attempts set change = numbered.change from numbered
  where task_attempts.tenant_id = numbered.tenant_id and task_attempts.task_id = numbered.task_id
    and task_attempts.claim = numbered.claim
)
update tasks set change = latest.change, state_change = latest.change
from (select tenant_id, task_id, max(change) as change from numbered group by tenant_id, task_id) as latest
where tasks.tenant_id = latest.tenant_id and tasks.task_id = latest.task_id;

create function tell_of_task(task tasks) returns void language plpgsql as $$
begin
  if task.watched_until > clock_timestamp() then
    -- Ids only: NOTIFY reaches every session.
    perform pg_notify('signalbox_tasks', task.tenant_id || ' ' || task.task_id);
  end if;
end $$;

create function number_task_change() returns trigger language plpgsql as $$
begin
  new.change := old.change + 1;
  if new.log_lines = old.log_lines then
    new.state_change := new.change;
  end if;
  perform tell_of_task(old);
  return new;
end $$;
create trigger number_change before update on tasks for each row
  when (old.watched_until is not distinct from new.watched_until
    and (old.lease_expires_at is not distinct from new.lease_expires_at or old.status <> new.status))
  execute function number_task_change();

create function tell_of_removed_task() returns trigger language plpgsql as $$
begin
  perform tell_of_task(old);
  return null;
end $$;
create trigger tell_of_removed after delete on tasks for each row execute function tell_of_removed_task();
