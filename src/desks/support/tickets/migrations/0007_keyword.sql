-- Each keyword together with its tenant, whose id has no space: looking for one reads the postings of one tenant only.
create function ticket_keywords(tenant_id text, keywords text[]) returns text[] language sql immutable parallel safe
return array(select tenant_id || ' ' || keyword from unnest(keywords) as keyword);
create index tickets_by_keyword on tickets using gin (ticket_keywords(tenant_id, keywords));

-- @> is no more leakproof than @@: the system role finds the ids, as in 0005.
grant select (keywords) on tickets to signalbox_system;
