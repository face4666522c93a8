import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'

/** Without workers, which would classify what is stored here. */
const system = testSystem({ SIGNALBOX_ROLES: 'api' })

type Result = { index: number; id: string; outcome: string; code: string | null; field: string | null }
type Answer = {
  created: number
  updated: number
  unchanged: number
  failed: number
  errors: string[]
  results: Result[]
}
type Shown = Record<string, unknown>

const at = (minute: number) => new Date(Date.parse('2026-03-02T09:00:00Z') + minute * 60_000).toISOString()
const row = (id: string, change: object = {}) => ({
  ...{ id, priority: 'high', customer_tier: 'business', subject: `Subject ${id}`, content: 'It is down.' },
  ...{ created_at: at(0), updated_at: at(0) },
  ...change,
})

async function someTenant() {
  const tenant = `sla_${randomUUID().slice(0, 8)}`
  const operator = { token: OPERATOR_TOKEN }
  await call(`${system.url}/tenants`, { method: 'POST', ...operator, body: { tenant_id: tenant, name: tenant } })
  const url = (path: string) => `${system.url}${path}?tenant_id=${tenant}`
  return {
    post: async (...tickets: object[]) => {
      const answer = await call<Answer>(url('/sla/tickets'), { method: 'POST', ...operator, body: { tickets } })
      if (answer.status !== 200) throw new Error(answer.text)
      const { created, updated, unchanged, failed, results, errors } = answer.body
      return { counts: [created, updated, unchanged, failed], results, errors }
    },
    patch: (id: string, body: object) =>
      call<Shown & { code?: string }>(url(`/sla/tickets/${id}`), { method: 'PATCH', ...operator, body }),
    show: async (id: string) => (await call<Shown>(url(`/tickets/${id}`), operator)).body,
    history: async (id: string) =>
      (await call<{ history: Shown[] }>(url(`/tickets/${id}/history`), operator)).body.history,
  }
}

describe('a batch of tickets', () => {
  it('has an outcome for each row, and a bad row harms no other (fault 5)', async () => {
    const { post, show } = await someTenant()
    const { counts, results, errors } = await post(
      row('T-1'),
      row('T-2', { subject: 'x'.repeat(600) }),
      row('T-3', { priority: 'urgent' }),
      { id: 'T-4', priority: 'high' },
      row('T-5', { created_at: '2026-03-02T09:00:00' }),
      row('T-6'),
    )
    expect(counts).toEqual([2, 0, 0, 4])
    expect(results.map(({ id, outcome, code, field }) => [id, outcome, code, field])).toEqual([
      ['T-1', 'created', null, null],
      ['T-2', 'refused', 'invalid', 'subject'],
      ['T-3', 'refused', 'invalid', 'priority'],
      ['T-4', 'refused', 'missing', 'subject'],
      ['T-5', 'refused', 'invalid', 'created_at'],
      ['T-6', 'created', null, null],
    ])
    expect(errors[1]).toMatch(/^T-3: priority /)
    expect(await show('T-6')).toMatchObject({
      ...{ status: 'open', sla_status: 'open', origin: 'sla' },
      priority: 'high',
    })
    expect((await show('T-2')).code).toBe('tickets.not_found')
  })

  it('says unchanged of what it has been told already, and refuses what is older', async () => {
    const { post, show } = await someTenant()
    await post(row('T-1', { updated_at: at(5) }))
    expect((await post(row('T-1', { updated_at: at(5), priority: 'low' }))).counts).toEqual([0, 0, 1, 0])
    const older = await post(row('T-1', { updated_at: at(4), priority: 'low' }))
    expect(older.results[0]).toMatchObject({ outcome: 'refused', code: 'outdated', field: 'updated_at' })
    expect(await show('T-1')).toMatchObject({ priority: 'high' })
  })

  it('keeps what a row leaves out: a partial update takes no facts away (fault 6)', async () => {
    const { post, show } = await someTenant()
    await post(row('T-1', { first_response_at: at(3), updated_at: at(3), tags: ['vpn'] }))
    await post({ id: 'T-1', updated_at: at(4), assignee: 'ada' })
    expect(await show('T-1')).toMatchObject({
      ...{ first_response_at: at(3), assignee: 'ada', tags: ['vpn'], tier: 'business', message: 'It is down.' },
    })
    await post({ id: 'T-1', updated_at: at(5), customer_tier: null, assignee: null })
    expect(await show('T-1')).toMatchObject({ tier: 'standard', assignee: null, priority: 'high' })
  })

  it('stamps the times of a status that were not sent, and takes them away when the ticket is reopened (fault 6)', async () => {
    const { post, show } = await someTenant()
    await post(row('T-1'))
    await post({ id: 'T-1', updated_at: at(4), status: 'resolved' })
    expect(await show('T-1')).toMatchObject({
      ...{ status: 'closed', sla_status: 'resolved' },
      resolved_at: at(4),
      closed_at: null,
    })
    await post({ id: 'T-1', updated_at: at(6), status: 'open' })
    expect(await show('T-1')).toMatchObject({ ...{ status: 'open', sla_status: 'open' }, resolved_at: null })
    const illegal = await post({ id: 'T-1', updated_at: at(7), status: 'pending_vendor' })
    expect(illegal.results[0]).toMatchObject({ outcome: 'refused', code: 'illegal_transition', field: 'status' })
  })

  it('with a ticket twice makes both versions of it, one after the other', async () => {
    const { post, show, history } = await someTenant()
    const { counts } = await post(row('T-1'), row('T-1', { updated_at: at(1), status: 'in_progress' }), row('T-2'))
    expect(counts).toEqual([2, 1, 0, 0])
    expect(await show('T-1')).toMatchObject({ sla_status: 'in_progress' })
    expect(await history('T-1')).toMatchObject([
      { action: 'updated', changes: { sla_status: { old: 'open', new: 'in_progress' } } },
      { action: 'created' },
    ])
  })

  it('is read as the original’s documents write it (fault 13), and with a zone also an update (fault 15)', async () => {
    const { post } = await someTenant()
    const sample = { external_id: 'TICKET-001', priority: 'critical', customer_tier: 'enterprise', status: 'open' }
    expect((await post({ ...sample, subject: 'Salesforce', content: 'Sync fails' })).counts).toEqual([1, 0, 0, 0])
    const zoned = { id: 'TICKET-001', updated_at: new Date(Date.now() + 60_000).toISOString().replace('Z', '+00:00') }
    expect((await post({ ...zoned, priority: 'high' })).counts).toEqual([0, 1, 0, 0])
  })

  it('of a thousand is stored at once, and one more is refused as a whole', async () => {
    const { post } = await someTenant()
    const many = Array.from({ length: 1_000 }, (_, n) => row(`M-${n}`))
    expect((await post(...many)).counts).toEqual([1_000, 0, 0, 0])
    expect((await post(...many)).counts).toEqual([0, 0, 1_000, 0])
    await expect(post(...many, row('M-1000'))).rejects.toThrow(/tickets/)
  })

  it('sent twice at the same moment makes each ticket once', async () => {
    const { post } = await someTenant()
    const rows = Array.from({ length: 50 }, (_, n) => row(`S-${n}`))
    const both = await Promise.all([post(...rows), post(...rows.toReversed())])
    const sum = (index: number) => both.reduce((total, { counts }) => total + (counts[index] ?? 0), 0)
    expect([sum(0), sum(1), sum(2), sum(3)]).toEqual([50, 0, 50, 0])
  })

  it('changes the words of a ticket and forgets what rules saw in the old ones', async () => {
    const { post, show } = await someTenant()
    await post(row('T-1', { subject: 'Refund', content: 'I want a refund' }))
    await post({ id: 'T-1', updated_at: at(2), content: 'Thank you' })
    expect(await show('T-1')).toMatchObject({
      ...{ subject: 'Refund', message: 'Thank you', rule_version: null, keywords: [] },
      classification: { matches: [] },
    })
  })
})

describe('changing one ticket', () => {
  it('changes what is said, with who did it in the history, and leaves its version as it is', async () => {
    const { post, patch, history } = await someTenant()
    await post(row('T-1', { updated_at: at(5) }))
    const answer = await patch('T-1', { priority: 'critical', group: 'network' })
    expect([answer.status, answer.body]).toMatchObject([
      200,
      { priority: 'critical', group: 'network', updated_at: at(5) },
    ])
    expect((await history('T-1'))[0]).toMatchObject({
      ...{ action: 'updated', changed_by: expect.any(String) },
      changes: { priority: { old: 'high', new: 'critical' }, group: { old: null, new: 'network' } },
    })
  })

  it('that contradicts what is known is refused and changes nothing', async () => {
    const { post, patch, show } = await someTenant()
    await post(row('T-1', { status: 'closed' }))
    const answer = await patch('T-1', { status: 'open', priority: 'low' })
    expect([answer.status, answer.body.code]).toEqual([409, 'sla.change_refused'])
    expect(await show('T-1')).toMatchObject({ sla_status: 'closed', priority: 'high' })
    expect((await patch('T-9', { priority: 'low' })).body.code).toBe('sla.ticket_not_found')
  })
})
