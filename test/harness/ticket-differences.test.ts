import { beforeEach, describe, expect, it } from 'vitest'
import { markDeleted, upsertTickets } from '../../src/desks/support/tickets/index.ts'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { classified } from './classified.ts'
import { testDatabase } from './database.ts'
import { administer } from './server.ts'
import { type ExpectedTicket, ticketDifferences } from './ticket-differences.ts'

const db = testDatabase()
const tenant = tenantId('tenant_a')
const ticket = (external_id: string, more: Partial<ExpectedTicket> = {}) => ({
  ...{ external_id, source: 'web', customer_id: 'c', subject: 's', message: 'm', status: 'open' as const },
  ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-02T00:00:00Z' },
  ...(more as object),
})
const [one, two, gone] = [
  ticket('one'),
  ticket('two', { subject: 'changed', updated_at: '2026-01-03T00:00:00Z' }),
  ticket('gone'),
]
const expected = [one, two].map((each) => ({ tenant_id: 'tenant_a', ...each }))

const spoil = (statement: string) => administer(db.url, (client) => client.query(statement))

beforeEach(async () => {
  await spoil(
    `truncate ticket_history, tickets; insert into tenants (tenant_id, name) values ('tenant_a', 'A') on conflict do nothing`,
  )
  const store = (...tickets: ReturnType<typeof ticket>[]) =>
    db.database.withTenant(tenant, (tx) =>
      upsertTickets(
        tx,
        tickets.map((each) => classified(each)),
        { runId: null, origin: 'provider' },
      ),
    )
  await store(one, ticket('two'), gone)
  await store(ticket('two', { subject: 'in between', updated_at: '2026-01-02T12:00:00Z' }))
  await store(two)
  await db.database.withTenant(tenant, (tx) => markDeleted(tx, ['gone'], null))
})

describe('the comparison of a database with its provider', () => {
  it('finds nothing when all is right', async () => {
    expect(await ticketDifferences(db.url, expected)).toEqual([])
  })

  it.each([
    ['a lost ticket', `delete from tickets where external_id = 'one'`, 'tenant_a one: lost'],
    ['a wrong field', `update tickets set customer_id = 'x' where external_id = 'one'`, 'differs in customer_id'],
    ['a stale time', `update tickets set updated_at = '2026-01-01' where external_id = 'one'`, 'differs in updated_at'],
    ['a wrong deletion', `update tickets set deleted_at = now() where external_id = 'one'`, 'tenant_a one: lost'],
    ['a ticket too many', `update tickets set deleted_at = null where external_id = 'gone'`, 'not at the provider'],
    ['no creation', `delete from ticket_history where action = 'created'`, 'created 0 times'],
    ['a second creation', again(`action = 'created'`), 'created 2 times'],
    ['a row that is there twice', again(`new_value = 'changed'`), 'recorded twice'],
    [
      'an update to the same',
      `update ticket_history set old_value = new_value where new_value = 'changed'`,
      'to what it was',
    ],
    ['a broken chain', `update ticket_history set old_value = 'x' where new_value = 'changed'`, 'does not go on'],
    ['a history that ends elsewhere', `delete from ticket_history where new_value = 'changed'`, 'not what is stored'],
    ['a second deletion', again(`action = 'deleted'`), 'deleted follows deleted'],
    ['a deletion without history', `delete from ticket_history where action = 'deleted'`, 'the last of its history'],
    [
      'a history without ticket',
      // Without the trigger that takes it along.
      `set session_replication_role = replica; delete from tickets where external_id = 'gone'`,
      'a history without a ticket',
    ],
  ])('finds %s', async (_what, statement, sentence) => {
    await spoil(statement)
    expect((await ticketDifferences(db.url, expected)).join('\n')).toContain(sentence)
  })
})

/** The statement that records these rows of the history once more, a moment later. */
function again(which: string): string {
  return `insert into ticket_history (tenant_id, ticket_id, action, field, old_value, new_value, run_id, recorded_at)
    select tenant_id, ticket_id, action, field, old_value, new_value, run_id, recorded_at + interval '1 second'
    from ticket_history where ${which}`
}
