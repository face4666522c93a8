-- Revoking a key looks for the keys that it made, and for theirs.
create index api_keys_by_maker on api_keys (tenant_id, created_by);
