-- The kinds of tasks that a worker knows: a task whose kind none knows waits for a process of another version.
alter table platform.processes add column kinds text[] not null default '{}';
