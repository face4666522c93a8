import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startFakeZendesk } from '../../../../test/fakes/zendesk.ts'
import { type ZendeskCredentials, zendeskSource } from './zendesk.ts'

const { signal } = new AbortController()
const http = { fetch, timeoutSeconds: 30 }
const AGENT = { email: 'agent@example.com', api_token: 'zendesk-token' }

async function connect(credentials: ZendeskCredentials = AGENT) {
  const fake = await startFakeZendesk()
  onTestFinished(() => fake.close())
  return { fake, source: zendeskSource({ baseUrl: fake.url, credentials }, http) }
}

/** A Zendesk that answers every call with this. */
const answering = (body: unknown) =>
  zendeskSource(
    { baseUrl: 'http://zendesk.test', credentials: AGENT },
    { ...http, fetch: async () => Response.json(body) },
  )

describe('Zendesk', () => {
  it.each([
    ['new', 'open'],
    ['open', 'open'],
    ['pending', 'pending'],
    ['hold', 'pending'],
    ['solved', 'closed'],
    ['closed', 'closed'],
  ])('status %s is %s', async (status, expected) => {
    const { fake, source } = await connect()
    fake.put({ raw: { status } })
    expect((await source.listChanges(null, signal)).tickets).toMatchObject([{ status: expected }])
  })

  it('a status of the account’s own counts as its category says', async () => {
    const { fake, source } = await connect()
    fake.put({ raw: { status: 'waiting for parts', status_category: 'hold' } })
    fake.put({ raw: { status: 'constructor', status_category: 'solved' } })
    fake.put({ raw: { status: 'constructor' } })
    const page = await source.listChanges(null, signal)
    expect(page.tickets).toMatchObject([{ status: 'pending' }, { status: 'closed' }])
    expect(page.failed).toMatchObject([{ reason: expect.stringContaining('status') }])
  })

  it.each([{ channel: 4 }, null, { channel: '' }, { channel: 'x'.repeat(101) }])(
    'loses no ticket to the channel %j, which is unknown',
    async (via) => {
      const { fake, source } = await connect()
      fake.put({ raw: { via } })
      expect(await source.listChanges(null, signal)).toMatchObject({ failed: [], tickets: [{ source: 'unknown' }] })
    },
  )

  it('of a ticket that one answer tells several times, the last decides', async () => {
    const row = { subject: 's', description: 'd', requester_id: 1, via: { channel: 'web' } }
    const at = (id: number | undefined, status: string, second: number) => ({
      ...{ ...row, id, status, created_at: '2026-10-01T00:00:00Z', updated_at: `2026-10-01T00:0${second}:00Z` },
    })
    const undeleted = [at(2, 'deleted', 1), at(2, 'open', 2)]
    const deleted = [at(3, 'open', 3), at(3, 'deleted', 4)]
    const mended = [at(4, 'no such', 5), at(4, 'solved', 6)]
    const nameless = [at(undefined, 'open', 7), at(undefined, 'open', 8)]
    const tickets = [...undeleted, ...deleted, ...mended, ...nameless]
    const page = await answering({ tickets, after_cursor: 'c', end_of_stream: true }).listChanges(null, signal)
    expect(page.tickets.map(({ external_id, status }) => [external_id, status])).toEqual([
      ['2', 'open'],
      ['4', 'closed'],
    ])
    expect(page.deleted).toEqual(['3'])
    expect(page.failed).toHaveLength(2)
  })

  it('the raw subject stands in for a missing one', async () => {
    const { fake, source } = await connect()
    fake.put({ raw: { subject: null, raw_subject: '{{dc.printer}}' } })
    expect((await source.listChanges(null, signal)).tickets).toMatchObject([{ subject: '{{dc.printer}}' }])
  })

  it('says up to when the changes were told, by the clock of the export', async () => {
    const { fake, source } = await connect()
    fake.put({ updated_at: '2026-03-01T10:00:00Z', raw: { updated_at: '2026-02-01T00:00:00Z' } })
    expect((await source.listChanges(null, signal)).reachedAt).toBe('2026-03-01T10:00:00.000Z')
    const older = answering({
      tickets: [{ updated_at: '2026-02-01T00:00:00Z' }],
      after_cursor: 'c',
      end_of_stream: true,
    })
    expect((await older.listChanges(null, signal)).reachedAt).toBe('2026-02-01T00:00:00.000Z')
    const timeless = answering({ tickets: [{ generated_timestamp: 1e300 }], after_cursor: 'c', end_of_stream: true })
    expect((await timeless.listChanges(null, signal)).reachedAt).toBeNull()
  })

  it('keeps the last cursor when there is none at the end', async () => {
    const page = await answering({ tickets: [], after_cursor: null, end_of_stream: true }).listChanges('kept=', signal)
    expect(page).toMatchObject({ cursor: 'kept=', isLast: true })
  })

  it.each([[null], ['kept=']])('an export that does not move on from %j is no endless walk', async (after_cursor) => {
    const stuck = answering({ tickets: [], after_cursor, end_of_stream: false })
    await expect(stuck.listChanges('kept=', signal)).rejects.toMatchObject({ kind: 'transient' })
  })

  it('is asked for the largest page that is documented', async () => {
    const { fake, source } = await connect()
    await source.listChanges(null, signal)
    expect(fake.calls()).toMatchObject([{ query: { start_time: '0', per_page: '1000' } }])
  })

  it('a deleted ticket that is still shown by its id is in the bin', async () => {
    const { fake, source } = await connect()
    const id = fake.put({ raw: { status: 'deleted' } })
    expect(await source.findTicket(id, signal)).toBeNull()
  })

  it('takes the token of an OAuth client', async () => {
    const { source } = await connect({ oauth_token: 'zendesk-oauth' })
    expect(await source.check(signal)).toEqual({ account: 'agent@example.com' })
  })

  it('refuses a token that cannot stand in a header, without showing it', async () => {
    const { source } = await connect({ oauth_token: 'Secret-1\nSecret-2' })
    const error = await source.check(signal).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ kind: 'refused' })
    expect(inspect(error, { depth: null })).not.toMatch(/Secret-/)
  })
})
