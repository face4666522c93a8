-- The jobs that somebody watches in a process, of whatever tenants, are read by one statement.
grant select on ingestion_logs to signalbox_system;
