import { describe, expect, it } from 'vitest'
import { DeskMapping } from './desk-mapping.ts'
import { readFreshdeskTicket } from './freshdesk-ticket.ts'
import type { FailedTicket } from './port.ts'
import { readZendeskTicket, withMetrics } from './zendesk-ticket.ts'

const times = { created_at: '2026-03-01T10:00:00Z', updated_at: '2026-03-01T12:00:00Z' }
const zendesk = (change: object, mapping?: DeskMapping) =>
  usable(
    readZendeskTicket(
      { ...{ id: 1, requester_id: 2, subject: 's', description: 'm', status: 'open' }, ...times, ...change },
      mapping,
    ),
  )
const freshdesk = (change: object, mapping?: DeskMapping) =>
  usable(
    readFreshdeskTicket(
      { ...{ id: 1, requester_id: 2, subject: 's', description: 'm', status: 2 }, ...times, ...change },
      mapping,
    ),
  )

function usable(read: ReturnType<typeof readZendeskTicket> | FailedTicket) {
  if ('reason' in read) throw new Error(read.reason)
  return { status: read.status, ...read.desk }
}

describe('what Zendesk says of a ticket', () => {
  it.each([
    ['new', 'open', 'open'],
    ['open', 'open', 'in_progress'],
    ['pending', 'pending', 'pending_customer'],
    ['hold', 'pending', 'pending_vendor'],
    ['solved', 'closed', 'resolved'],
    ['closed', 'closed', 'closed'],
  ])('status %s is %s, and %s at the desk', (status, provider, desk) => {
    expect(zendesk({ status })).toMatchObject({ status: provider, sla_status: desk })
  })

  it('has its priority, its people, its tags, and when it was answered', () => {
    const told = zendesk({
      ...{ priority: 'urgent', group_id: 25, assignee_id: null, tags: ['vip', 'vip', 7], status: 'solved' },
      metric_set: {
        reply_time_in_minutes: { calendar: 17, business: 5 },
        solved_at: '2026-03-01T11:00:00Z',
        status_updated_at: '2026-03-01T11:00:01Z',
      },
    })
    expect(told).toEqual({
      ...{ status: 'closed', sla_status: 'resolved', priority: 'critical', group: '25', assignee: null, tags: ['vip'] },
      first_response_at: '2026-03-01T10:17:00.000Z',
      resolved_at: '2026-03-01T11:00:00.000Z',
      status_changed_at: '2026-03-01T11:00:01.000Z',
    })
  })

  it('is not told where it is not understood, and never costs the ticket', () => {
    const told = zendesk({ priority: 'heavenly', tags: 'vip', group_id: {}, metric_set: { solved_at: 'soon' } })
    expect(told).toEqual({ status: 'open', sla_status: 'in_progress' })
  })

  it('may stand beside the tickets of a page', () => {
    const [first, second] = withMetrics([{ id: 1 }, { id: 2 }], [{ ticket_id: 2, solved_at: '2026-03-01T11:00:00Z' }])
    expect([first, second]).toEqual([{ id: 1 }, { id: 2, metric_set: expect.anything() }])
  })
})

describe('what Freshdesk says of a ticket', () => {
  it.each([
    [2, 'open', 'open'],
    [3, 'pending', 'pending_customer'],
    [4, 'closed', 'resolved'],
    [5, 'closed', 'closed'],
    [6, 'pending', 'pending_customer'],
    [7, 'pending', 'pending_vendor'],
    [23, 'pending', 'pending_customer'],
  ])('status %s is %s, and %s at the desk', (status, provider, desk) => {
    expect(freshdesk({ status })).toMatchObject({ status: provider, sla_status: desk })
  })

  it('has its priority, its people, and when who wrote', () => {
    const told = freshdesk({
      ...{ priority: 4, group_id: 25, responder_id: 7, tags: [] },
      stats: {
        ...{ first_responded_at: '2026-03-01T10:05:00Z', agent_responded_at: '2026-03-01T11:05:00Z' },
        ...{ requester_responded_at: '2026-03-01T11:30:00Z', resolved_at: null, closed_at: null },
        status_updated_at: '2026-03-01T10:06:00Z',
      },
    })
    expect(told).toEqual({
      ...{ status: 'open', sla_status: 'open', priority: 'critical', group: '25', assignee: '7', tags: [] },
      first_response_at: '2026-03-01T10:05:00.000Z',
      answered_at: '2026-03-01T11:05:00.000Z',
      customer_wrote_at: '2026-03-01T11:30:00.000Z',
      status_changed_at: '2026-03-01T10:06:00.000Z',
    })
  })
})

describe('a connector’s mapping', () => {
  it('says what words stand for where they stand for something else, and which tags mean a tier', () => {
    const mapping: DeskMapping = {
      statuses: { hold: 'in_progress', 23: 'pending_vendor' },
      priorities: { normal: 'high', 1: 'medium' },
      tiers: { gold: 'business', platinum: 'enterprise' },
    }
    expect(zendesk({ status: 'hold', priority: 'normal', tags: ['gold', 'platinum'] }, mapping)).toMatchObject({
      ...{ status: 'open', sla_status: 'in_progress', priority: 'high', tier: 'enterprise' },
    })
    expect(freshdesk({ status: 23, priority: 1, tags: ['silver'] }, mapping)).toMatchObject({
      ...{ status: 'pending', sla_status: 'pending_vendor', priority: 'medium', tier: null },
    })
  })

  it.each([
    [{ statuses: { hold: 'waiting' } }],
    [{ priorities: { 1: 'urgent' } }],
    [{ tiers: { '': 'free' } }],
    [{ words: {} }],
    [{ tiers: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`tag ${n}`, 'free'])) }],
  ])('that says %j is refused', (mapping) => {
    expect(DeskMapping.safeParse(mapping).success).toBe(false)
  })
})
