import { sql } from 'kysely'
import { Client } from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { testDatabase } from '../harness/database.ts'
import { administer } from '../harness/server.ts'
import { complaints, deep, explainListed, explainOthers, LISTED, type ListedQuery } from './listed-queries.ts'
import { seedTickets } from './seed-tickets.ts'

const TENANT = tenantId('tenant_a')
const db = testDatabase()
const middle = { created_at: new Date('2026-01-06T00:00:00Z'), ticket_id: '019a0000-0000-7000-8000-000000000001' }
const FIRST = LISTED[0] as ListedQuery

beforeAll(() =>
  administer(db.url, async (client) => {
    // Beside a second tenant, whose tickets no index may lead through.
    await seedTickets(client, { tenant: TENANT, tickets: 50_000 })
    await seedTickets(client, { tenant: 'tenant_b', tickets: 20_000 })
  }),
)

const explain = () => ({ database: db.database, tenantId: TENANT, options: 'costs off' })

/** Every listed query whose plan is not as it should be. */
async function wrongPlans(): Promise<string[]> {
  const wrong: string[] = []
  for (const listed of [...LISTED, deep(FIRST, middle)]) {
    const lines = await explainListed(explain(), listed)
    if (complaints(lines, listed.indexes).length > 0) wrong.push(`${listed.name}:\n${lines.join('\n')}`)
  }
  const ids = await db.database.withTenant(TENANT, async (tx) => {
    const { rows } = await sql<{ ticket_id: string }>`select ticket_id from tickets order by 1 limit 50`.execute(tx)
    return rows.map(({ ticket_id }) => ticket_id)
  })
  for (const { name, indexes, lines } of await explainOthers(explain(), ids)) {
    if (complaints(lines, indexes).length > 0) wrong.push(`${name}:\n${lines.join('\n')}`)
  }
  return wrong
}

describe('every listed query', () => {
  it('reads its tickets by its index, in the role that it runs in', async () => {
    expect(await wrongPlans()).toEqual([])
  })
})

describe('the check', () => {
  it.each([
    ...['tickets_by_age', 'tickets_by_update', 'tickets_by_urgency', 'tickets_by_status', 'tickets_by_source'],
    ...['tickets_by_customer', 'tickets_by_origin', 'tickets_by_words', 'tickets_by_keyword'],
    ...['tickets_by_rule_version', 'ticket_customer_counts_by_risk'],
  ])('bites when %s is lost', async (index) => {
    const client = new Client({ connectionString: db.url })
    await client.connect()
    try {
      const { rows } = await client.query(`select pg_get_indexdef('${index}'::regclass) as definition`)
      await client.query(`drop index ${index}`)
      expect((await wrongPlans()).length).toBeGreaterThan(0)
      await client.query(rows[0].definition)
    } finally {
      await client.end()
    }
  })
})
