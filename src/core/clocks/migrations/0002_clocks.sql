-- Something that clocks run for, e.g. a ticket. Whoever writes its events, clocks or alerts locks this row first.
create table clock_subjects (
  tenant_id text not null references tenants,
  -- As a desk declares it, e.g. ticket.
  kind text not null check (length(kind) between 1 and 40),
  subject_id uuid not null,
  events integer not null default 0,
  -- Came after there were as many as are kept.
  events_refused integer not null default 0,
  -- The versions of policies and calendars that it was measured with, and when; null: never.
  terms_key text,
  measured_at timestamptz,
  -- When somebody has to look at it again: the next threshold, deadline or event from ahead, or an alert that is to be resolved.
  wake_at timestamptz,
  -- What holds from these instants on, whether or not anybody looks: the first deadline of open clocks, the first warning,
  -- the first breach.
  next_due_at timestamptz,
  at_risk_from timestamptz,
  breached_from timestamptz,
  -- Open clocks, and all of them paused.
  is_paused boolean not null default false,
  -- There is one at all: an opening was heard of, and a rule has a target for it.
  has_clocks boolean not null default false,
  -- No clock is open; then how all of them together have ended.
  settled_at timestamptz,
  outcome text check (outcome in ('met', 'met_late', 'cancelled')),
  primary key (tenant_id, kind, subject_id)
);
create index clock_subjects_wake on clock_subjects (wake_at) where wake_at is not null;
create index clock_subjects_wake_of_tenant on clock_subjects (tenant_id, wake_at) where wake_at is not null;
create index clock_subjects_by_due on clock_subjects (tenant_id, kind, next_due_at, subject_id) where settled_at is null;
create index clock_subjects_by_breach on clock_subjects (tenant_id, kind, breached_from, subject_id) where breached_from is not null;
create index clock_subjects_settled on clock_subjects (tenant_id, settled_at) where settled_at is not null;
create index clock_subjects_unsettled on clock_subjects (tenant_id, kind, subject_id) where settled_at is null;
select platform.secure_tenant_table('clock_subjects');
-- The scheduler asks across tenants where something is due, and upkeep where something is old; both go there as their tenant.
create policy across_tenants on clock_subjects for select to signalbox_system using (true);
grant select (tenant_id, subject_id, wake_at, settled_at) on clock_subjects to signalbox_system;

-- What happened to a subject. Clocks are computed from these alone; they never change.
create table clock_events (
  tenant_id text not null,
  kind text not null,
  subject_id uuid not null,
  event_id text not null check (length(event_id) between 1 and 200),
  at timestamptz not null,
  received_at timestamptz not null,
  -- Its place among those of the same instant, where the source has one.
  place integer,
  event jsonb not null,
  primary key (tenant_id, kind, subject_id, event_id),
  foreign key (tenant_id, kind, subject_id) references clock_subjects on delete cascade
);
select platform.secure_tenant_table('clock_events');
revoke update on clock_events from signalbox_serving;

-- How far a clock was when its subject was measured; what time does since then is in the instants beside it.
create table clocks (
  tenant_id text not null,
  kind text not null,
  subject_id uuid not null,
  target text not null check (target in ('first_response', 'next_response', 'resolution')),
  round integer not null check (round > 0),
  -- The last round of its target.
  is_last boolean not null,
  -- A running clock is breached from due_at on: see clock_state.
  state text not null check (state in ('running', 'paused', 'breached', 'met', 'met_late', 'cancelled')),
  is_paused boolean not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  target_ms bigint not null,
  elapsed_ms bigint not null,
  paused_ms bigint not null,
  overdue_ms bigint not null,
  due_at timestamptz,
  due_if_resumed_at timestamptz,
  breached_at timestamptz,
  at_risk_from timestamptz,
  policy_key text,
  calendar_key text,
  primary key (tenant_id, kind, subject_id, target, round),
  foreign key (tenant_id, kind, subject_id) references clock_subjects on delete cascade
);
create index clocks_by_end on clocks (tenant_id, kind, ended_at) where ended_at is not null;
select platform.secure_tenant_table('clocks');

-- The state of a clock at an instant, as long as nothing but time has happened since it was measured.
create function clock_state(state text, due_at timestamptz, at timestamptz) returns text
language sql immutable parallel safe as $$
  select case when state = 'running' and due_at <= at then 'breached' else state end
$$;

-- What was told of a clock: each threshold of each round once, for ever.
create table clock_alerts (
  tenant_id text not null,
  kind text not null,
  subject_id uuid not null,
  target text not null,
  round integer not null,
  -- `breach`, or the key of a warning or an escalation.
  threshold text not null check (length(threshold) between 1 and 100),
  alert text not null check (alert in ('warning', 'breached', 'escalated')),
  reached_at timestamptz not null,
  raised_at timestamptz not null,
  -- Null: nobody was told, because something worse was to be told by then. One signal may tell of many.
  signal_id uuid,
  -- Its cause went away.
  resolved_at timestamptz,
  primary key (tenant_id, kind, subject_id, target, round, threshold),
  foreign key (tenant_id, kind, subject_id) references clock_subjects on delete cascade
);
create index clock_alerts_by_signal on clock_alerts (tenant_id, signal_id) where resolved_at is null;
select platform.secure_tenant_table('clock_alerts');
