-- Open tickets of high urgency from unhappy customers are what people look for; without the sentiment in the index, each
-- open one of high urgency is looked up in the table.
drop index tickets_by_urgency;
create index tickets_by_urgency on tickets (tenant_id, created_at desc, ticket_id desc, status, sentiment)
  where urgency = 'high';
