-- Who delivers the ticket: 'provider' (EXTERNAL_API_URL), 'import' (a file) or the id of a connector. What is no longer at
-- one of them says nothing about the tickets of the others.
alter table tickets add column origin text not null default 'provider';
