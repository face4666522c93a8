-- The oldest that nobody needs any more. Only what is resolved stands in it: raising a signal writes nothing here.
create index signals_resolved on signals (tenant_id, resolved_at) where state = 'resolved';
