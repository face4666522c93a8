/**
 * What keeps tenants apart in the database, each rule as a query for whatever breaks it.
 *
 * `planted` changes a database in which a table `planted` obeys every rule (`OBEDIENT_TABLE`) so that it breaks this one.
 */
export type Rule = { rule: string; violations: string; planted: string }

export const OBEDIENT_TABLE = `
  set local role signalbox_owner;
  create table planted (
    tenant_id text not null references tenants,
    planted_id uuid not null default uuidv7(),
    ticket_id uuid,
    name text,
    primary key (tenant_id, planted_id),
    unique (tenant_id, name),
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, ticket_id)
  );
  select platform.secure_tenant_table('planted');
  reset role`

/** Unique across tenants on purpose: index name → why. */
const UNIQUE_ACROSS_TENANTS: Record<string, string> = {}

/** The columns of a queued job that the serving role gets back when it adds one. */
const READABLE_JOB_COLUMNS = ['id', 'start_after']

const THE_TENANT = `(tenant_id = ( SELECT NULLIF(current_setting('signalbox.tenant_id'::text, true), ''::text) AS "nullif"))`

const literals = (texts: readonly string[]) => `array[${texts.map((text) => `'${text}'`).join(', ')}]::text[]`

/** Every table of ours, and whether it belongs to tenants. */
const TABLES = `
  select c.oid as table_id, c.oid::regclass::text as name, n.nspname as schema, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
    exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as of_tenants
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f') and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'`

const tables = (select: string) => `with tables as (${TABLES}) ${select}`

const privileges = (role: string, kinds: string[]) =>
  kinds
    .map((kind) =>
      // TRUNCATE, TRIGGER and the like exist only for whole tables.
      ['select', 'insert', 'update', 'references'].includes(kind)
        ? `has_any_column_privilege('${role}', table_id, '${kind}') or has_table_privilege('${role}', table_id, '${kind}')`
        : `has_table_privilege('${role}', table_id, '${kind}')`,
    )
    .join(' or ')

const READ_AND_WRITE = ['select', 'insert', 'update', 'delete']

const tableRules: Rule[] = [
  {
    rule: 'every table in schema public belongs to tenants',
    violations: tables(`select name as what from tables where schema = 'public' and not of_tenants`),
    planted: 'create table planted_without_tenant (id uuid primary key)',
  },
  {
    rule: 'a tenant table never has a row without a tenant',
    violations: tables(`
      select name as what from tables join pg_attribute on attrelid = table_id and attname = 'tenant_id'
      where of_tenants and not attnotnull`),
    planted: `alter table planted drop constraint planted_pkey; alter table planted alter tenant_id drop not null`,
  },
  {
    rule: 'a tenant table has row-level security, enabled',
    violations: tables('select name as what from tables where of_tenants and not relrowsecurity'),
    planted: 'alter table planted disable row level security',
  },
  {
    rule: 'a tenant table has row-level security, forced on its owner too',
    violations: tables('select name as what from tables where of_tenants and not relforcerowsecurity'),
    planted: 'alter table planted no force row level security',
  },
  {
    rule: 'a tenant table shows and takes only the tenant of the transaction (USING and WITH CHECK)',
    violations: tables(`
      select name as what from tables where of_tenants and not exists (
        select from pg_policy p where p.polrelid = table_id and p.polcmd = '*' and p.polpermissive
          and p.polroles = array['signalbox_serving'::regrole::oid]
          and pg_get_expr(p.polqual, p.polrelid) = $policy$${THE_TENANT}$policy$
          and pg_get_expr(p.polwithcheck, p.polrelid) = $policy$${THE_TENANT}$policy$)`),
    planted: `drop policy tenant_isolation on planted; create policy tenant_isolation on planted to signalbox_serving
      using (tenant_id = (select nullif(current_setting('signalbox.tenant_id', true), ''))) with check (true)`,
  },
  {
    rule: 'a tenant table has no second policy that lets the serving role see more',
    violations: tables(`
      select name || ' by ' || p.polname as what from tables join pg_policy p on p.polrelid = table_id
      where of_tenants and p.polname <> 'tenant_isolation'
        and (0 = any(p.polroles) or exists (
          select from unnest(p.polroles) as holder where holder <> 0 and pg_has_role('signalbox_serving', holder, 'member')))`),
    planted: 'create policy generous on planted using (true)',
  },
  {
    rule: 'a tenant table has a primary key, and what is unique is unique in a tenant',
    violations: tables(`
      select coalesce(i.indexrelid::regclass::text, name || ' without primary key') as what
      from tables left join pg_index i on i.indrelid = table_id and i.indisunique
      where of_tenants and (
        not exists (select from pg_index p where p.indrelid = table_id and p.indisprimary)
        or not exists (select from pg_attribute a where a.attrelid = table_id and a.attnum = i.indkey[0] and a.attname = 'tenant_id')
        and i.indexrelid::regclass::text <> all(${literals(Object.keys(UNIQUE_ACROSS_TENANTS))}))`),
    planted: 'create unique index planted_name_anywhere on planted (name, tenant_id)',
  },
  {
    rule: 'a foreign key to a tenant table pairs the tenants of both rows',
    violations: tables(`
      select k.conrelid::regclass || ' by ' || k.conname as what
      from pg_constraint k join tables on table_id = k.confrelid and of_tenants
      where k.contype = 'f' and not exists (
        select from unnest(k.conkey, k.confkey) as pair (here, there)
          join pg_attribute h on h.attrelid = k.conrelid and h.attnum = pair.here
          join pg_attribute t on t.attrelid = k.confrelid and t.attnum = pair.there
        where h.attname = 'tenant_id' and t.attname = 'tenant_id')`),
    planted: `alter table planted add owner_name text, add unique (tenant_id, planted_id, name);
      create unique index planted_lonely on planted (planted_id);
      alter table planted add parent_id uuid references planted (planted_id)`,
  },
  {
    rule: 'a table is owned by signalbox_owner',
    violations: tables(`select name as what from tables where relowner <> 'signalbox_owner'::regrole`),
    planted: 'create table planted_by_login (tenant_id text primary key)',
  },
  {
    rule: 'nothing shows tenant tables around row-level security: no materialized view, no view with its owner’s rights',
    violations: `
      select oid::regclass::text as what from pg_class
      where relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        and (relkind = 'm' or relkind = 'v' and not coalesce(reloptions @> array['security_invoker=true'], false))`,
    planted: 'create view planted_window as select * from planted',
  },
  {
    rule: 'no function runs with its owner’s rights',
    violations: `
      select oid::regprocedure::text as what from pg_proc
      where prosecdef and pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
    planted:
      'create function planted_door() returns bigint security definer language sql return (select count(*) from planted)',
  },
]

const roleRules: Rule[] = [
  {
    rule: 'no role of ours is a superuser, bypasses row-level security, makes roles or databases, or logs in',
    violations: `
      select rolname as what from pg_roles where rolname like 'signalbox\\_%'
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin or rolreplication)`,
    planted: 'alter role signalbox_serving bypassrls',
  },
  {
    rule: 'no role of ours can become another one',
    violations: `
      select a.rolname || ' as ' || b.rolname as what from pg_roles a, pg_roles b
      where a.rolname like 'signalbox\\_%' and a.oid <> b.oid and pg_has_role(a.oid, b.oid, 'member')`,
    planted: 'grant signalbox_system to signalbox_serving',
  },
  {
    rule: 'the serving role cannot get around row-level security with TRUNCATE, a trigger or a reference',
    violations: tables(`
      select name as what from tables
      where ${privileges('signalbox_serving', ['truncate', 'trigger', 'references', 'maintain'])}`),
    planted: 'grant truncate on planted to signalbox_serving',
  },
  {
    rule: 'the serving role touches no table of schemas identity and platform',
    violations: tables(`
      select name as what from tables where schema in ('identity', 'platform')
        and (${privileges('signalbox_serving', READ_AND_WRITE)})`),
    planted: 'grant select (email) on identity."user" to signalbox_serving',
  },
  {
    rule: 'the serving role cannot look into schema identity',
    violations: `select 'identity' as what where has_schema_privilege('signalbox_serving', 'identity', 'usage')`,
    planted: 'grant usage on schema identity to public',
  },
  {
    rule: 'the serving role cannot read what other tenants have queued',
    violations: tables(`
      select name || '.' || attname as what from tables join pg_attribute on attrelid = table_id and attnum > 0
      where schema in ('pgboss', 'outbox') and name <> 'pgboss.queue' and has_column_privilege('signalbox_serving', table_id, attnum, 'select')
        and not (name in ('pgboss.job', 'pgboss.job_common') and attname = any(${literals(READABLE_JOB_COLUMNS)}))`),
    planted: 'grant select (data) on pgboss.job to signalbox_serving',
  },
  {
    rule: 'the serving role can only add to the queue',
    violations: tables(`
      select name as what from tables
      where schema in ('pgboss', 'outbox') and (${privileges('signalbox_serving', ['update', 'delete'])})`),
    planted: 'grant delete on pgboss.job to signalbox_serving',
  },
  {
    rule: 'the identity role touches no table outside schema identity',
    violations: tables(`
      select name as what from tables
      where schema <> 'identity' and (${privileges('signalbox_identity', READ_AND_WRITE)})`),
    planted: 'grant select on planted to signalbox_identity',
  },
  {
    rule: 'no role but the owner makes objects',
    violations: `
      select rolname || ' in ' || nspname as what from pg_roles, pg_namespace
      where rolname in ('signalbox_serving', 'signalbox_system', 'signalbox_identity')
        and nspname not like 'pg\\_temp%' and has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'create')`,
    planted: 'grant create on schema public to signalbox_system',
  },
]

export const RULES: readonly Rule[] = [...tableRules, ...roleRules]
