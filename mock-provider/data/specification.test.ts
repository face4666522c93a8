import { describe, expect, it } from 'vitest'
import { KEYWORDS, SOURCES, STATUSES, specificationTickets, tenantId } from './specification.ts'

const shape = { seed: 1, tickets: 10_000, tenants: 4 }
const tickets = specificationTickets(shape)
const distinct = (values: string[]) => [...new Set(values)].sort()
const share = (isOne: (index: number) => boolean) => tickets.filter((_, index) => isOne(index)).length / tickets.length

describe('the specification data', () => {
  it('are 10,000 tickets, ext-001 to ext-10000', () => {
    expect(tickets).toHaveLength(10_000)
    expect([tickets[0]?.id, tickets[99]?.id, tickets[999]?.id, tickets.at(-1)?.id]).toEqual([
      'ext-001',
      'ext-100',
      'ext-1000',
      'ext-10000',
    ])
    expect(new Set(tickets.map((ticket) => ticket.id)).size).toBe(10_000)
  })

  it('have four tenants, four sources and three statuses, each about as often', () => {
    expect(distinct(tickets.map((ticket) => ticket.tenant_id))).toEqual([
      'tenant_a',
      'tenant_b',
      'tenant_c',
      'tenant_d',
    ])
    expect(distinct(tickets.map((ticket) => ticket.source))).toEqual([...SOURCES].sort())
    expect(distinct(tickets.map((ticket) => ticket.status))).toEqual([...STATUSES].sort())
    expect(share((index) => tickets[index]?.tenant_id === 'tenant_c')).toBeCloseTo(1 / 4, 1)
    expect(share((index) => tickets[index]?.source === 'chat')).toBeCloseTo(1 / 4, 1)
    expect(share((index) => tickets[index]?.status === 'open')).toBeCloseTo(1 / 3, 1)
  })

  it('have 900 customers, cust_100 to cust_999, shared by the tenants', () => {
    const customers = distinct(tickets.map((ticket) => ticket.customer_id))
    expect(customers).toHaveLength(900)
    expect([customers[0], customers.at(-1)]).toEqual(['cust_100', 'cust_999'])
    const tenantsOfOne = tickets.filter((ticket) => ticket.customer_id === 'cust_500').map((ticket) => ticket.tenant_id)
    expect(new Set(tenantsOfOne).size).toBeGreaterThan(1)
  })

  it('name a keyword in the subject and, independently, one in the message, three times over', () => {
    const subjects = tickets.map((ticket) => ticket.subject.slice(`Issue ${ticket.id}: `.length))
    const messages = tickets.map((ticket) => /^This is a message about (.+?)\. /.exec(ticket.message)?.[1] ?? '')
    expect(distinct(subjects)).toEqual([...KEYWORDS].sort())
    expect(distinct(messages)).toEqual([...KEYWORDS].sort())
    for (const [index, ticket] of tickets.entries()) {
      expect(ticket.message).toBe(`This is a message about ${messages[index]}. `.repeat(3))
    }
    expect(share((index) => subjects[index] === messages[index])).toBeCloseTo(1 / 12, 1)
    expect(share((index) => messages[index] === 'GDPR')).toBeCloseTo(1 / 12, 1)
  })

  it('were created on whole hours from 2026-01-01T00Z to 2026-01-26T23Z', () => {
    const times = distinct(tickets.map((ticket) => ticket.created_at))
    expect(times).toHaveLength(26 * 24)
    expect([times[0], times.at(-1)]).toEqual(['2026-01-01T00:00:00Z', '2026-01-26T23:00:00Z'])
  })

  it('follow from the seed', () => {
    expect(specificationTickets(shape)).toEqual(tickets)
    expect(specificationTickets({ ...shape, seed: 2 })).not.toEqual(tickets)
  })

  it('go on naming tenants past the alphabet', () => {
    expect([0, 25, 26, 51, 52, 701, 702].map(tenantId)).toEqual(
      ['a', 'z', 'aa', 'az', 'ba', 'zz', 'aaa'].map((letters) => `tenant_${letters}`),
    )
  })
})
