-- What the desk works by, beside what the provider's three statuses say. Priority and tier: what was told of the ticket, else what a
-- rule says, else what most tickets are.
alter table tickets
  -- A status that says more than the provider's, as far as it fits that one.
  add column told_status text
    check (told_status in ('open', 'in_progress', 'pending_customer', 'pending_vendor', 'resolved', 'closed')),
  add column sla_status text not null generated always as (case
    when status = 'open' and told_status in ('open', 'in_progress') then told_status
    when status = 'pending' and told_status in ('pending_customer', 'pending_vendor') then told_status
    when status = 'closed' and told_status in ('resolved', 'closed') then told_status
    when status = 'pending' then 'pending_customer'
    else status end) stored,
  add column told_priority text check (told_priority in ('critical', 'high', 'medium', 'low')),
  add column ruled_priority text check (ruled_priority in ('critical', 'high', 'medium', 'low')),
  add column priority text not null generated always as (coalesce(told_priority, ruled_priority, 'medium')) stored,
  add column told_tier text check (told_tier in ('enterprise', 'business', 'standard', 'free')),
  add column ruled_tier text check (ruled_tier in ('enterprise', 'business', 'standard', 'free')),
  add column tier text not null generated always as (coalesce(told_tier, ruled_tier, 'standard')) stored,
  add column group_name text,
  add column assignee text,
  add column tags text[] not null default '{}',
  -- When its status became what it is, where its source says so.
  add column status_changed_at timestamptz(3),
  add column first_response_at timestamptz(3),
  add column resolved_at timestamptz(3),
  add column closed_at timestamptz(3),
  -- When we answered last, and when the customer wrote last.
  add column answered_at timestamptz(3),
  add column customer_wrote_at timestamptz(3),
  -- Of which of these fields the version that is stored speaks, a bit for each in the order of DESK_FIELDS.
  add column told integer not null default 0;

-- When a ticket was closed is not known: its last change is the latest that it can have been.
alter table tickets no force row level security;
alter table tickets disable trigger user;
update tickets set resolved_at = updated_at, closed_at = updated_at where status = 'closed';
alter table tickets enable trigger user;
alter table tickets force row level security;
