import { describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { classified } from '../../../../test/harness/classified.ts'
import { silent } from '../../../../test/harness/database.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase } from '../../../platform/database/index.ts'
import { type DeliveredTicket, type DeskFields, upsertTickets } from './index.ts'

/** Without workers, which would classify what is stored here. */
const system = testSystem({ SIGNALBOX_ROLES: 'api' })

const at = (minute: number) => new Date(Date.parse('2026-03-01T10:00:00Z') + minute * 60_000).toISOString()

/** A ticket of a tenant of its own, told in several versions; answers how it is shown after each. */
async function told(tenant: string, versions: Partial<DeliveredTicket>[]) {
  const operator = { token: OPERATOR_TOKEN }
  await call(`${system.url}/tenants`, { method: 'POST', ...operator, body: { tenant_id: tenant, name: tenant } })
  const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
  const shown: Record<string, unknown>[] = []
  try {
    for (const [minute, version] of versions.entries()) {
      const ticket = classified({
        ...{ external_id: 'T-1', source: 'email', customer_id: 'c', subject: 's', message: 'm', status: 'open' },
        ...{ created_at: at(0), updated_at: at(minute) },
        ...version,
      })
      await database.withTenant(tenantId(tenant), (tx) =>
        upsertTickets(tx, [ticket], { runId: null, origin: 'provider' }),
      )
      shown.push((await call<Record<string, unknown>>(`${system.url}/tickets/T-1?tenant_id=${tenant}`, operator)).body)
    }
  } finally {
    await database.close()
  }
  return shown
}

const historyOf = async (tenant: string) => {
  type History = { history: { changes: Record<string, { old: string | null; new: string | null }> }[] }
  const url = `${system.url}/tickets/T-1/history?tenant_id=${tenant}`
  return (await call<History>(url, { token: OPERATOR_TOKEN })).body.history.map(({ changes }) => changes)
}

const full: Partial<DeskFields> = {
  ...{ sla_status: 'in_progress', priority: 'critical', tier: 'enterprise', group: 'net', assignee: 'ada' },
  ...{ tags: ['vpn', 'vip'], first_response_at: at(1) },
}
const shownFull = {
  ...{ status: 'open', sla_status: 'in_progress', priority: 'critical', tier: 'enterprise', group: 'net' },
  ...{ assignee: 'ada', tags: ['vpn', 'vip'], first_response_at: at(1), resolved_at: null, closed_at: null },
}

describe('what a source says of a ticket beside the usual', () => {
  it('is medium and standard where nobody says anything', async () => {
    const [first] = await told('unsaid', [{}])
    expect(first).toMatchObject({
      ...{ sla_status: 'open', priority: 'medium', tier: 'standard', group: null, assignee: null, tags: [] },
      ...{ first_response_at: null, resolved_at: null, closed_at: null },
    })
  })

  it('stays when a later version does not speak of it, and goes when that says null', async () => {
    const [first, second, third] = await told('absent', [
      { desk: full },
      { subject: 'other' },
      { desk: { priority: null, group: null, tags: [], first_response_at: null } },
    ])
    expect(first).toMatchObject(shownFull)
    expect(second).toMatchObject({ ...shownFull, subject: 'other' })
    expect(third).toMatchObject({
      ...shownFull,
      ...{ priority: 'medium', group: null, tags: [], first_response_at: null },
    })
  })

  it('changes at equal times, as everything that is told later', async () => {
    const same = { updated_at: at(0) }
    const [, second] = await told('equal', [same, { ...same, desk: { tier: 'free' } }])
    expect(second).toMatchObject({ tier: 'free' })
  })

  it('does not change by a version that is older', async () => {
    const [, second] = await told('older', [{ updated_at: at(9) }, { updated_at: at(8), desk: full }])
    expect(second).toMatchObject({ sla_status: 'open', priority: 'medium', assignee: null })
  })

  it('is in its history, as far as it was told', async () => {
    await told('history', [{}, { desk: { sla_status: 'in_progress', priority: 'high', tags: ['a', 'b'] } }])
    expect((await historyOf('history'))[0]).toEqual({
      sla_status: { old: 'open', new: 'in_progress' },
      priority: { old: null, new: 'high' },
      tags: { old: '', new: 'a, b' },
    })
  })
})

describe('a provider with three statuses', () => {
  it('leaves a status that says more where it still fits, and else takes the usual one', async () => {
    const shown = await told('three', [
      { desk: { sla_status: 'in_progress' } },
      { status: 'open', subject: 'other' },
      { status: 'pending' },
      { status: 'closed' },
      { status: 'open' },
    ])
    expect(shown.map(({ sla_status }) => sla_status)).toEqual([
      ...['in_progress', 'in_progress', 'pending_customer', 'closed', 'open'],
    ])
  })

  it('has the times of its changes stamped, each once, and taken away by reopening', async () => {
    const shown = await told('stamped', [
      { status: 'open' },
      { status: 'closed' },
      { status: 'closed', subject: 'other' },
      { status: 'open' },
      { desk: { sla_status: 'resolved' }, status: 'closed' },
      { desk: { sla_status: 'closed' }, status: 'closed' },
    ])
    expect(shown.map(({ resolved_at, closed_at }) => [resolved_at, closed_at])).toEqual([
      ...[
        [null, null],
        [at(1), at(1)],
        [at(1), at(1)],
        [null, null],
      ],
      ...[
        [at(4), null],
        [at(4), at(5)],
      ],
    ])
  })

  it('changes nothing in its history that its status does not say already', async () => {
    await told('derived', [{}, { status: 'closed' }])
    expect((await historyOf('derived'))[0]).toEqual({ status: { old: 'open', new: 'closed' } })
  })
})
