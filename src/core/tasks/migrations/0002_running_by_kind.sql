-- Work that several tasks of a kind share finds those that run, of all tenants.
create index tasks_running_by_kind on tasks (kind) where status = 'running';
