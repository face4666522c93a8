import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'kysely'
import type { Client } from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { randomStream } from '../../../../mock-provider/random.ts'
import { classified } from '../../../../test/harness/classified.ts'
import { counterDifferences } from '../../../../test/harness/counters.ts'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { administer, createDatabase } from '../../../../test/harness/server.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import { migrationSets } from '../../../modules.ts'
import { migrate, type Tx } from '../../../platform/database/index.ts'
import { type DeliveredTicket, markDeleted, upsertTickets } from '../tickets/index.ts'

const SEED = Number(process.env.COUNTER_SEED ?? Date.now() % 1_000_000)
const STEPS = Number(process.env.COUNTER_STEPS ?? 200)

const db = testDatabase({ max: 8 })
const asSuperuser = <T>(work: (client: Client) => Promise<T>) => administer(db.url, work)
const makeTenants = (...tenants: string[]) =>
  asSuperuser((client) =>
    client.query(
      'insert into tenants (tenant_id, name) select id, id from unnest($1::text[]) as id on conflict do nothing',
      [tenants],
    ),
  )
const store = (tx: Tx, tickets: DeliveredTicket[]) =>
  upsertTickets(
    tx,
    tickets.map((each) => classified(each)),
    { runId: null, origin: 'provider' },
  )
const differences = () => counterDifferences(db.url)

function ticket(external_id: string, change: Partial<DeliveredTicket> = {}): DeliveredTicket {
  const moment = '2026-03-01T10:00:00.000Z'
  return {
    ...{ external_id, source: 'email', customer_id: 'cust_1', subject: 'A subject', message: 'Text.', status: 'open' },
    ...{ created_at: moment, updated_at: moment, ...change },
  }
}

/** Rows of any tenants, as a superuser makes them in one statement; two keywords, one of them twice. */
const INSERT = `
  insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
    urgency, sentiment, requires_action, keywords, deleted_at)
  select tenant, 'own-' || n, 'source ' || n % 3, 'cust_' || n % 5, 's', 'm', (array['open', 'pending', 'closed'])[1 + n % 3],
    timestamptz '2026-01-31 23:00Z' + n * interval '7 minutes', now(), case n % 4 when 0 then 'high' else 'low' end,
    (array['negative', 'neutral', 'positive'])[1 + n % 3], n % 4 = 0, array['word ' || n % 4, 'word ' || n % 4, 'refund'],
    case when n % 11 = 0 then now() end
  from unnest($1::text[]) as tenant, generate_series($2::int, $3::int) as n`

describe('the counters', () => {
  it(`are what counting gives after any changes, made on several connections at once (COUNTER_SEED=${SEED})`, async () => {
    const tenants = ['random_a', 'random_b', 'random_c'].map(tenantId)
    await makeTenants(...tenants)
    const writer = async (name: string) => {
      const random = randomStream(SEED, name)
      for (let step = 0; step < STEPS; step += 1) {
        await db.database.withTenant(random.sample(tenants, 1)[0] as TenantId, async (tx) => {
          // More than one statement in a transaction is what makes an order of keys useless.
          for (let n = random.integer(1, 3); n > 0; n -= 1) await changeSomething(tx, random)
        })
      }
    }
    await Promise.all(['left', 'right', 'third'].map(writer))
    expect(await differences()).toEqual([])
    const [{ tickets = 0 } = {}] = await asSuperuser(
      async (client) => (await client.query(`select sum(tickets)::int as tickets from ticket_counts`)).rows,
    )
    expect(tickets).toBeGreaterThan(20)
  })

  it('are right when one statement writes rows of several tenants, deletes them, or moves them to another tenant', async () => {
    await makeTenants('several_a', 'several_b')
    const both = ['several_a', 'several_b']
    await asSuperuser(async (client) => {
      await client.query(INSERT, [both, 1, 200])
      await client.query(
        `update tickets set deleted_at = null, keywords = '{}', status = 'open' where tenant_id = any($1) and external_id like '%1'`,
        [both],
      )
      await client.query(`delete from tickets where tenant_id = any($1) and external_id like '%7'`, [both])
      await client.query(`update tickets set tenant_id = 'several_b', external_id = 'moved-' || external_id
        where tenant_id = 'several_a' and external_id like '%3'`)
    })
    expect(await differences()).toEqual([])
  })

  it('are empty after TRUNCATE', async () => {
    await makeTenants('truncated')
    await asSuperuser(async (client) => {
      await client.query(INSERT, [['truncated'], 1, 10])
      await client.query('truncate tickets, ticket_history')
    })
    expect(await differences()).toEqual([])
  })

  it('make no two transactions wait for each other, whatever order they touch tickets in', async () => {
    const tenant = tenantId('crossing')
    await makeTenants(tenant)
    const pages = Array.from({ length: 6 }, (_, page) =>
      Array.from({ length: 40 }, (_, n) =>
        ticket(`${page}-${n}`, {
          source: `s${(page * 7 + n) % 13}`,
          status: n % 2 ? 'open' : 'closed',
          customer_id: `c${(page + n) % 9}`,
        }),
      ),
    )
    const rounds = Array.from({ length: 5 }, (_, round) => round)
    for (const round of rounds) {
      await Promise.all(
        pages.map((page, index) =>
          db.database.withTenant(tenant, async (tx) => {
            const newer = page.map((each) => ({
              ...each,
              status: 'pending' as const,
              updated_at: `2026-03-0${2 + round}T00:00:00Z`,
            }))
            // Half known, half new: one statement inserts and updates.
            await store(tx, index % 2 ? newer.slice(0, 20 + round * 4) : newer.toReversed())
            await markDeleted(
              tx,
              page.slice(index, index + 3).map(({ external_id }) => external_id),
              null,
            )
          }),
        ),
      )
    }
    expect(await differences()).toEqual([])
  })

  it('are made for the tickets that were there before them, while readers go on', async () => {
    const made = await createDatabase(inject('serverUrl'), 'template0')
    onTestFinished(made.drop)
    const before = migrationSets.filter(({ module }) => module !== 'desks/support/analytics')
    await migrate({ url: made.url, sets: before, logger: silent })
    await administer(made.url, async (client) => {
      await client.query(`insert into tenants (tenant_id, name) values ('old_a', 'a'), ('old_b', 'b'), ('old_c', 'c')`)
      await client.query(INSERT, [['old_a', 'old_b'], 1, 300])
      await client.query(`begin; select count(*) from tickets`)
      await migrate({ url: made.url, sets: migrationSets, logger: silent })
      await client.query('commit')
      const { rows } = await client.query(
        'select tenant_id, sum(tickets)::int as tickets from ticket_counts group by 1 order by 1',
      )
      expect(rows).toEqual([
        { tenant_id: 'old_a', tickets: 273 },
        { tenant_id: 'old_b', tickets: 273 },
      ])
      await client.query(INSERT, [['old_c', 'old_b'], 301, 350])
    })
    expect(await counterDifferences(made.url)).toEqual([])
  })
})

it('of coarser grains are made from what was counted before them, and kept', async () => {
  const made = await createDatabase(inject('serverUrl'), 'template0')
  onTestFinished(made.drop)
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-migrations-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await copyFile(new URL('./migrations/0001_counters.sql', import.meta.url), join(directory, '0001_counters.sql'))
  const before = pathToFileURL(`${directory}/`)
  const sets = migrationSets.map((set) =>
    set.module === 'desks/support/analytics' ? { ...set, directory: before } : set,
  )
  await migrate({ url: made.url, sets, logger: silent })
  const spread = INSERT.replace(`interval '7 minutes'`, `interval '3 days'`)
  await administer(made.url, async (client) => {
    await client.query(`insert into tenants (tenant_id, name) values ('old_a', 'a'), ('old_b', 'b'), ('empty', 'c')`)
    await client.query(spread, [['old_a', 'old_b'], 1, 300])
    await migrate({ url: made.url, sets: migrationSets, logger: silent })
    const years = await client.query(`select starts_on::text, sum(tickets)::int as tickets from ticket_facet_counts
      where grain = 'year' and facet = 'source' and tenant_id = 'old_a' group by 1 order by 1`)
    expect(years.rows).toEqual([
      { starts_on: '2026-01-01', tickets: 101 },
      { starts_on: '2027-01-01', tickets: 111 },
      { starts_on: '2028-01-01', tickets: 61 },
    ])
    await client.query(spread, [['old_a', 'empty'], 301, 350])
    await client.query(`delete from tickets where external_id like '%3'`)
  })
  expect(await counterDifferences(made.url)).toEqual([])
})

describe('the check', () => {
  it.each([
    ['ticket_counts', 'update ticket_counts set tickets = tickets + 1'],
    ['ticket_period_counts', `delete from ticket_period_counts where grain = 'day'`],
    ['ticket_period_counts', 'update ticket_period_counts set high = high + 1, low = low - 1'],
    [
      'ticket_facet_counts',
      `insert into ticket_facet_counts values ('broken', 'keyword', 'day', '2026-01-01', 'x', 1)`,
    ],
    ['ticket_customer_counts', `insert into ticket_customer_counts values ('broken', 'c', 1, 0)`],
  ])('finds what is wrong in %s after %s', async (table, damage) => {
    await makeTenants('broken')
    await asSuperuser(async (client) => {
      await client.query(`truncate tickets, ticket_history`)
      await client.query(INSERT, [['broken'], 1, 1])
      expect(await differences()).toEqual([])
      await client.query(damage)
    })
    expect(await differences()).toEqual([
      expect.stringContaining(`broken ${table} `),
      // In each of the three grains.
      ...(damage.includes('high = high') ? [expect.anything(), expect.anything()] : []),
    ])
  })

  it('finds tickets that were written without triggers', async () => {
    await makeTenants('replica')
    await asSuperuser(async (client) => {
      await client.query('truncate tickets, ticket_history; set session_replication_role = replica')
      await client.query(INSERT, [['replica'], 1, 1])
    })
    expect((await differences()).length).toBeGreaterThan(4)
    await asSuperuser((client) => client.query('truncate tickets, ticket_history'))
  })
})

async function changeSomething(tx: Tx, random: ReturnType<typeof randomStream>): Promise<void> {
  const ids = Array.from({ length: random.integer(1, 8) }, () => `ext-${random.integer(0, 60)}`)
  const some = `{${[...new Set(ids)].join(',')}}`
  const pick = <T>(values: readonly T[]): T => random.sample(values, 1)[0] as T
  switch (pick(['store', 'store', 'delete', 'classify', 'keywords', 'remove'] as const)) {
    case 'store':
      await store(
        tx,
        ids.map((id) =>
          ticket(id, {
            source: pick(['email', 'chat', 'web']),
            customer_id: `cust_${random.integer(0, 6)}`,
            status: pick(['open', 'pending', 'closed']),
            created_at: new Date(Date.parse('2026-01-30T00:00:00Z') + random.integer(0, 5_000) * 60_000).toISOString(),
            updated_at: new Date(Date.parse('2026-03-01T00:00:00Z') + random.integer(0, 5_000) * 60_000).toISOString(),
          }),
        ),
      )
      return
    case 'delete':
      await markDeleted(tx, ids, null)
      return
    case 'classify': {
      const urgency = pick(['high', 'medium', 'low'])
      await sql`update tickets set urgency = ${urgency}, requires_action = ${urgency === 'high' || random.chance(0.5)},
          sentiment = ${pick(['negative', 'neutral', 'positive'])} where external_id = any(${some}::text[])`.execute(tx)
      return
    }
    case 'keywords':
      await sql`update tickets set keywords = ${`{${pick(['', 'refund', 'refund,refund', 'refund,lawsuit'])}}`}::text[]
        where external_id = any(${some}::text[])`.execute(tx)
      return
    case 'remove':
      await sql`delete from tickets where external_id = any(${some}::text[])`.execute(tx)
  }
}
