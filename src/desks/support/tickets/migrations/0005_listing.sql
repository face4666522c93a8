-- Words as they are compared, but for what the dictionary `simple` does itself (case): no accents, no ligatures, ß as ss.
-- Without extensions, so that any PostgreSQL 18 takes it; for no language in particular, because a tenant's tickets come
-- in several. Text that is all ASCII is that already: looking saves a third of the time.
create function folded(words text) returns text language sql immutable parallel safe
return case when octet_length(words) = char_length(words) then words else
  replace(replace(translate(
    regexp_replace(casefold(normalize(words, nfkd) collate pg_unicode_fast), '[\u0300-\u036f]', '', 'g'),
    'øłđð', 'oldd'), 'œ', 'oe'), 'æ', 'ae')
end;

-- The lexeme with a space is one that no text contains: with it in every query, a search reads the postings of one
-- tenant. A tsvector holds 1 MB: what stands behind the first 100,000 characters is not searched.
create function ticket_words(tenant_id text, subject text, message text) returns tsvector language sql immutable parallel safe
return setweight(to_tsvector('simple', left(folded(subject), 100000)), 'A')
  || to_tsvector('simple', left(folded(left(message, 100000)), 100000))
  || array_to_tsvector(array['tenant ' || tenant_id]);

create function ticket_query(tenant_id text, words text) returns tsquery language sql immutable parallel safe
return ('''tenant ' || tenant_id || '''')::tsquery && websearch_to_tsquery('simple', folded(words));

alter table tickets add column words tsvector generated always as (ticket_words(tenant_id, subject, message)) stored;
create index tickets_by_words on tickets using gin (words);

-- Row-level security lets only leakproof operators near an index, and @@ is none: a search finds ids with the system
-- role, and reads the tickets in the tenant's transaction. What tickets say stays closed to that role.
create policy across_tenants on tickets for select to signalbox_system using (true);
grant select (tenant_id, ticket_id, status, urgency, sentiment, requires_action, source, customer_id, origin, created_at,
  updated_at, deleted_at, words) on tickets to signalbox_system;

-- The columns behind the id are compared inside the index: a filter that few tickets pass costs 0.05 ms for every thousand
-- that it passes over, and a dozen times that where each has to be looked up in the table.
drop index tickets_by_age;
create index tickets_by_age on tickets
  (tenant_id, created_at desc, ticket_id desc, updated_at, status, urgency, sentiment, requires_action);
create index tickets_by_update on tickets (tenant_id, updated_at desc, ticket_id desc, status);
create index tickets_by_urgency on tickets (tenant_id, created_at desc, ticket_id desc, status) where urgency = 'high';
-- The provider delivers nearly all tickets; a list of those goes by age.
create index tickets_by_origin on tickets (tenant_id, origin, created_at desc, ticket_id desc) where origin <> 'provider';
