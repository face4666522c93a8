-- How the latest runs over the provider ended, of all tenants, says how it does. With connectors in the index, one without
-- such runs would be read to its end each time somebody asks.
create index tasks_latest_provider_runs on tasks (ended_at desc)
  where kind = 'ingestion.run' and status in ('succeeded', 'failed') and payload ->> 'connector_id' is null;
