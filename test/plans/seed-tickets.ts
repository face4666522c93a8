import type { Client } from 'pg'
import { loadBaseRules } from '../../src/desks/support/classification/index.ts'

/** Which seed a listing is read from: the same figures whenever the same tickets are asked for. */
export type Seed = { tenant: string; tickets: number }

const SENTENCES = 1_000
const VOCABULARY =
  'the a my our your order invoice refund payment card account login password reset error page app screen broken slow late ' +
  'delivery parcel address charged twice cancel subscription plan upgrade seat team export report data missing wrong please ' +
  'help thanks urgent lawyer outage down since yesterday morning customer number support waiting answer again still not ' +
  'working Rechnung Lieferung Passwort zurück für Köln factura reembolso contraseña año facture remboursement été déjà'

/**
 * Adds tickets of one tenant in one statement: open ones are the newest, one in thirty is of high urgency, one source and
 * one connector are rare, one ticket in ten thousand has the word `basilisk`, one in a hundred `heron`, one in four `refund`;
 * the first two are keywords as well, `refund` of every ticket.
 */
export async function seedTickets(client: Client, { tenant, tickets }: Seed): Promise<void> {
  await client.query(`insert into tenants (tenant_id, name) values ($1, $1) on conflict do nothing`, [tenant])
  await client.query('select setseed(0.5)')
  await client.query(
    `with vocabulary as materialized (
       select string_to_array($3, ' ') as word
     ), sentences as materialized (
       select array_agg(sentence) as sentence from (
         select string_agg(word[1 + floor(random() * cardinality(word))::int], ' ') as sentence
         from vocabulary, generate_series(1, ${SENTENCES}) as s, generate_series(1, 12) group by s) as each
     ), drawn as (
       select n, random() as a, random() as b, random() as c, random() as d, random() as e, random() as f, n::float / $2 as age
       from generate_series(1, $2::int) as n
     )
     insert into tickets (tenant_id, ticket_id, external_id, origin, source, customer_id, subject, message, status, urgency,
       sentiment, requires_action, language, keywords, rule_version, created_at, updated_at, deleted_at)
     select $1, uuidv7(make_interval(secs => n / 1000.0)), $1 || '-' || n,
       case when n % 5000 = 0 then '019a0000-0000-7000-8000-000000000001' else 'provider' end,
       case when n % 10000 = 7 then 'fax' else (array['email', 'chat', 'web', 'api'])[1 + n % 4] end,
       'cust_' || (20000 * a * a)::int,
       'Ticket ' || n || ' ' || (array['login', 'invoice', 'delivery', 'other'])[1 + (b * 3)::int],
       sentence[1 + (c * ${SENTENCES - 1})::int] || '. ' || sentence[1 + (d * ${SENTENCES - 1})::int] || '. '
         || sentence[1 + (e * ${SENTENCES - 1})::int] || '.'
         || case when n % 10000 = 3 then ' basilisk' else '' end || case when n % 100 = 5 then ' heron' else '' end,
       case when age < 0.9 then 'closed' when b < 0.7 then 'open' else 'pending' end,
       case when f < 1 / 30.0 then 'high' when f < 0.3 then 'medium' else 'low' end,
       case when e < 0.2 then 'negative' when e > 0.95 then 'positive' else 'neutral' end,
       f < 1 / 30.0 or d < 0.3, 'en',
       array['refund'] || case when n % 10000 = 3 then array['basilisk'] when n % 100 = 5 then array['heron'] else '{}' end, $4,
       timestamptz '2026-01-01T00:00:00Z' + make_interval(secs => n * 30), 
       timestamptz '2026-01-01T00:00:00Z' + make_interval(secs => n * 30 + (b * 200000)::int),
       case when n % 1000 = 1 then now() end
     from drawn, sentences`,
    [tenant, tickets, VOCABULARY, loadBaseRules().version],
  )
  await client.query('vacuum (analyze) tickets, ticket_counts, ticket_facet_counts')
}

/** The same for many: with the larger indexes made afterwards, which takes a tenth of the time. */
export async function seedQuickly(client: Client, seed: Seed): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
     where indrelid = 'tickets'::regclass and not indisunique`,
  )
  await client.query(`set maintenance_work_mem = '256MB'`)
  for (const { name } of rows) await client.query(`drop index ${name}`)
  await seedTickets(client, seed)
  for (const { definition } of rows) await client.query(definition)
  await client.query('vacuum (analyze) tickets, ticket_counts, ticket_facet_counts')
}
