-- The system removes lines that a tenant has kept long enough. It reads no more of a line than its age, and the serving role
-- can still neither mend nor remove one.
grant select (tenant_id, audit_id, at), delete on audit_log to signalbox_system;
