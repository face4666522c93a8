import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { readBySchema, readPlainly, readTickets } from './read-ticket.ts'

const ours = tenantId('tenant_a')
const ticket = {
  id: 'ext-001',
  tenant_id: 'tenant_a',
  source: 'email',
  customer_id: 'cust_1',
  subject: 'Broken',
  message: 'It broke.',
  status: 'open',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
}

describe('readTickets', () => {
  it('keeps the tenant’s own tickets and passes over those of others and what names no tenant', () => {
    const rows = [ticket, { ...ticket, id: 'ext-002', tenant_id: 'tenant_b' }, null, 7, 'x', {}, []]
    const { tickets, failed } = readTickets(rows, ours)
    expect(tickets.map(({ external_id }) => external_id)).toEqual(['ext-001'])
    expect(failed).toEqual([])
  })

  it.each([
    ['a NUL byte', { subject: 'a\0b' }, 'a\u{FFFD}b'],
    ['half a surrogate pair', { subject: 'a\ud800b' }, 'a\u{FFFD}b'],
  ])('replaces %s, which PostgreSQL cannot store', (_what, change, stored) => {
    expect(readTickets([{ ...ticket, ...change }], ours).tickets[0]?.subject).toBe(stored)
  })

  it('turns an offset that PostgreSQL does not take into UTC', () => {
    const { tickets } = readTickets([{ ...ticket, created_at: '2026-01-02T00:00:00+23:00' }], ours)
    expect(tickets[0]?.created_at).toBe('2026-01-01T01:00:00.000Z')
  })

  it.each([undefined, null, 4, '', {}, 'x'.repeat(101)])('keeps a ticket whose source is %j as unknown', (source) => {
    expect(readTickets([{ ...ticket, source }], ours)).toMatchObject({ failed: [], tickets: [{ source: 'unknown' }] })
  })

  it('takes a text of 1 MB', () => {
    expect(readTickets([{ ...ticket, message: 'x'.repeat(1_000_000) }], ours).tickets).toHaveLength(1)
  })

  it.each([
    ['a date without zone', { created_at: '2026-01-01T00:00:00' }, 'created_at'],
    ['a year that no list can show', { created_at: '9999-12-31T23:59:59-12:00' }, 'created_at'],
    ['an unknown status', { status: 'escalated' }, 'status'],
    ['no id', { id: '' }, 'id'],
    ['a missing field', { customer_id: undefined }, 'customer_id'],
  ])('sets a ticket with %s aside with the reason, and the rest of the page goes on', (_what, change, named) => {
    const { tickets, failed } = readTickets(
      [
        { ...ticket, ...change },
        { ...ticket, id: 'ext-002' },
      ],
      ours,
    )
    expect(tickets.map(({ external_id }) => external_id)).toEqual(['ext-002'])
    expect(failed).toHaveLength(1)
    expect(failed[0]?.reason).toContain(named)
  })
})

describe('readPlainly', () => {
  const texts = ['', 'x', 'a\0b', 'a\ud800b', 'é😀', 'x'.repeat(101), 'x'.repeat(10_001), 7, null, undefined, {}]
  const moments = [
    ...['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123Z', '2026-01-01T00:00:00.1Z', '2026-01-01T00:00:00+00:00'],
    ...['2026-02-30T00:00:00Z', '2024-02-29T23:59:59Z', '2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z', '2026-01-01'],
    ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T00:00:00Z', '2026-01-01t00:00:00z', '', 0, null],
    ...['2026-01-01T00:00Z', '2026-01-01T00:00:00.1234567Z', ' 2026-01-01T00:00:00Z', undefined],
  ]
  const odd = Object.entries({
    ...{ id: texts, source: texts, customer_id: texts, subject: texts, message: texts, created_at: moments },
    ...{ updated_at: moments, status: ['open', 'closed', 'pending', 'Open', 'constructor', null, undefined, 1] },
  }).flatMap(([field, values]) => values.map((value) => ({ ...ticket, [field]: value })))

  it('reads what it reads as the schema does, and leaves everything else to it', () => {
    for (const row of odd) {
      const plain = readPlainly(row)
      if (plain) expect(readBySchema(row)).toEqual(plain)
    }
    expect(odd.filter((row) => readPlainly(row)).length).toBeGreaterThan(20)
    expect(readPlainly(ticket)).toBeDefined()
  })
})
