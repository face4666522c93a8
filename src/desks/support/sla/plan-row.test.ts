import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SLA_STATUSES, type SlaStatus } from '../tickets/index.ts'
import { type Known, planRow } from './plan-row.ts'
import { TRANSITIONS } from './status.ts'
import { readRow, type TicketRow } from './ticket-row.ts'

const at = (minute: number) => new Date(Date.parse('2026-03-02T09:00:00Z') + minute * 60_000).toISOString()
const now = new Date(at(60))
const known = (change: Partial<Known> = {}): Known => ({
  ...{ ticket_id: '0198b3b2-7d2a-7bb2-b0c0-1b2a3c4d5e6f', sla_status: 'open' as const, deleted_at: null },
  ...{ created_at: new Date(at(0)), updated_at: new Date(at(1)) },
  ...{ first_response_at: null, resolved_at: null, closed_at: null },
  ...change,
})
const plan = (row: TicketRow, before?: Known) => planRow({ id: 'T-1', row }, before, now)
const fresh = { subject: 's', content: 'c', created_at: at(0), updated_at: at(0) }

describe('a row', () => {
  it.each([
    [{ id: 'T-1', priority: 'urgent' }, 'invalid', 'priority'],
    [{ id: 'T-1', created_at: '2026-03-02T09:00:00' }, 'invalid', 'created_at'],
    [{ id: 'T-1', first_respons_at: at(1) }, 'invalid', 'first_respons_at'],
    [{ id: 'T-1', tags: ['a', ''] }, 'invalid', 'tags.1'],
    [{ id: 'T-1', subject: 'x'.repeat(501) }, 'invalid', 'subject'],
    [{ subject: 's' }, 'missing', 'id'],
    [{ id: 'T-1', external_id: 'T-2' }, 'contradiction', 'external_id'],
    [{ id: 'T-1', tier: 'free', customer_tier: 'business' }, 'contradiction', 'tier'],
    ['T-1', 'invalid', 'ticket'],
  ])('%j is refused as %s, and the field is %s', (row, code, field) => {
    expect(readRow(row)).toMatchObject({ refusal: { code, field } })
  })

  it('may be named as the original’s documents name it, and without times', () => {
    expect(
      readRow({ external_id: 'TICKET-001', customer_tier: 'enterprise', subject: 's', content: 'c' }),
    ).toMatchObject({
      ...{ id: 'TICKET-001', row: { customer_tier: 'enterprise' } },
    })
    expect(plan({ subject: 's', content: 'c' })).toMatchObject({ ticket: { created_at: at(60), updated_at: at(60) } })
  })

  it.each<[TicketRow, Known | undefined, string, string]>([
    [{ subject: 's' }, undefined, 'missing', 'content'],
    [{ ...fresh, updated_at: at(-1) }, undefined, 'before_creation', 'updated_at'],
    [{ ...fresh, first_response_at: at(-1) }, undefined, 'before_creation', 'first_response_at'],
    [{ ...fresh, created_at: at(66) }, undefined, 'in_future', 'created_at'],
    [{ ...fresh, updated_at: at(66) }, undefined, 'in_future', 'updated_at'],
    [{ ...fresh, resolved_at: at(0) }, undefined, 'contradiction', 'resolved_at'],
    [{ ...fresh, status: 'resolved', closed_at: at(0) }, undefined, 'contradiction', 'closed_at'],
    [{ ...fresh, status: 'closed', resolved_at: at(5), closed_at: at(4) }, undefined, 'contradiction', 'closed_at'],
    [{ updated_at: at(0) }, known(), 'outdated', 'updated_at'],
    [{ status: 'pending_vendor' }, known(), 'illegal_transition', 'status'],
    [{ status: 'open' }, known({ sla_status: 'closed' }), 'illegal_transition', 'status'],
    [{ first_response_at: null }, known({ first_response_at: new Date(at(1)) }), 'contradiction', 'first_response_at'],
    [{ resolved_at: null }, known({ sla_status: 'resolved' }), 'contradiction', 'resolved_at'],
  ])('%j is refused as %s', (row, before, code, field) => {
    expect(plan(row, before)).toMatchObject({ outcome: 'refused', refusal: { code, field } })
  })

  it('of the same version is unchanged, whatever else it says', () => {
    expect(plan({ updated_at: at(1), priority: 'low', status: 'closed' }, known())).toEqual({ outcome: 'unchanged' })
  })

  it('says nothing of what it leaves out, and takes away what it calls null', () => {
    expect(plan({ updated_at: at(2), customer_tier: null, group: null }, known())).toMatchObject({
      change: { desk: { tier: null, group: null } },
    })
    const said = plan({ updated_at: at(2), priority: 'low' }, known({ first_response_at: new Date(at(1)) }))
    expect(said).toEqual({
      ...{ outcome: 'updated' },
      change: expect.objectContaining({ desk: { priority: 'low' }, updated_at: at(2) }),
    })
  })
})

describe('a status', () => {
  it('leads exactly where the state machine says', () => {
    const reached = SLA_STATUSES.map((from) => [
      from,
      SLA_STATUSES.filter(
        (status) => from !== status && plan({ status }, known({ sla_status: from })).outcome === 'updated',
      ),
    ])
    expect(Object.fromEntries(reached)).toEqual(
      Object.fromEntries(
        Object.entries(TRANSITIONS).map(([from, to]) => [from, SLA_STATUSES.filter((one) => to.includes(one))]),
      ),
    )
  })

  it('that is done stamps when, where that was not sent', () => {
    expect(plan({ updated_at: at(5), status: 'resolved' }, known())).toMatchObject({
      change: { desk: { resolved_at: at(5), status_changed_at: at(5) } },
    })
    expect(plan({ updated_at: at(5), status: 'resolved', resolved_at: at(3) }, known())).toMatchObject({
      change: { desk: { resolved_at: at(3), status_changed_at: at(3) } },
    })
    expect(plan({ updated_at: at(5), status: 'closed' }, known())).toMatchObject({
      change: { desk: { resolved_at: at(5), closed_at: at(5) } },
    })
    const resolved = known({ sla_status: 'resolved', resolved_at: new Date(at(1)) })
    const closing = plan({ updated_at: at(5), status: 'closed' }, resolved)
    expect(closing).toMatchObject({ change: { desk: { closed_at: at(5) } } })
    expect(closing).not.toHaveProperty('change.desk.resolved_at')
  })

  it('that is open again takes the end away', () => {
    const resolved = known({ sla_status: 'resolved', resolved_at: new Date(at(1)) })
    expect(plan({ updated_at: at(5), status: 'open' }, resolved)).toMatchObject({
      change: { desk: { sla_status: 'open', resolved_at: null, closed_at: null, status_changed_at: at(5) } },
    })
  })

  it('after any rows is one that the rows before lead to, and has its times exactly when it is done', () => {
    const row = fc.record({ status: fc.constantFrom(...SLA_STATUSES), minute: fc.integer({ min: 1, max: 59 }) })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
        let before = known()
        for (const { status, minute } of rows) {
          const { sla_status } = before
          const result = plan({ status, updated_at: at(minute) }, before)
          if (result.outcome !== 'updated') continue
          expect(status === sla_status || TRANSITIONS[sla_status].includes(status)).toBe(true)
          const { desk } = result.change
          const time = (field: 'resolved_at' | 'closed_at') =>
            desk[field] === undefined ? before[field] : desk[field] === null ? null : new Date(desk[field])
          before = {
            ...before,
            ...{ sla_status: status as SlaStatus, updated_at: new Date(at(minute)) },
            ...{ resolved_at: time('resolved_at'), closed_at: time('closed_at') },
          }
          expect(before.resolved_at !== null).toBe(status === 'resolved' || status === 'closed')
          expect(before.closed_at !== null).toBe(status === 'closed')
        }
      }),
      { numRuns: 500, seed: 20_261_128 },
    )
  })
})
