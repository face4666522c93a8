-- What a ticket means, by rules or by an agent's correction. Before it is classified it counts as harmless.
alter table tickets
  add column urgency text not null default 'low' check (urgency in ('high', 'medium', 'low')),
  add column sentiment text not null default 'neutral' check (sentiment in ('negative', 'neutral', 'positive')),
  add column requires_action boolean not null default false,
  -- Detected; null when nothing could be told.
  add column language text,
  -- The words that rules matched, each once; what top_keywords counts.
  add column keywords text[] not null default '{}',
  -- Which rules decided; null: not classified yet.
  add column rule_version text,
  -- Which rule matched which words where, and the score each gave.
  add column matches jsonb not null default '[]',
  -- Set when an agent has corrected the rules; their word then stays.
  add column corrected_at timestamptz,
  add column corrected_by text,
  add constraint high_urgency_requires_action check (urgency <> 'high' or requires_action);
