-- Which versions of the rules a tenant's tickets are of, without looking at a ticket: the scheduler asks every minute.
create index tickets_by_rule_version on tickets (tenant_id, rule_version);
grant select (rule_version) on tickets to signalbox_system;
