-- Mail that is to leave: put in by the transaction that causes it, sent afterwards. A row says what the mail is about and not what
-- stands in it: that is written at the moment of sending, so that no link and no token lies here.
create table mails (
  -- '' for what belongs to no tenant, such as a person's own mail.
  tenant_id text not null,
  -- Its Message-ID, the same for every attempt.
  mail_id uuid not null default uuidv7(),
  kind text not null,
  about jsonb not null,
  -- When it may be tried; whoever tries it moves this on first, so that nobody else does, and somebody does when it dies.
  due_at timestamptz not null default now(),
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  -- Given up then.
  expires_at timestamptz not null,
  primary key (tenant_id, mail_id)
);
create index mails_due on mails (due_at);
select platform.secure_tenant_table('mails', 'select, insert, update, delete');
