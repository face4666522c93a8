import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { classified } from '../../../../test/harness/classified.ts'
import { silent } from '../../../../test/harness/database.ts'
import { factories, type Member } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase, type Tx } from '../../../platform/database/index.ts'
import { type ClassifiedTicket, type DeliveredTicket, markDeleted, upsertTickets } from './index.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api,worker' })
const make = factories(system)

/** A tenant of a test's own. */
let count = 0
const newTenant = async () => {
  count += 1
  await make.makeTenant(`tenant_${count}`)
  return `tenant_${count}`
}
let agent: Member
let agents: string
beforeAll(async () => {
  agents = await newTenant()
  agent = await make.makePerson(agents, 'agent')
})

const HIGH = { urgency: 'high', requires_action: true } as const
const LOW = { urgency: 'low', requires_action: false } as const

function ticket(external_id: string, judgement: Partial<ClassifiedTicket> = HIGH, day = 1): ClassifiedTicket {
  const delivered: DeliveredTicket = {
    ...{
      external_id,
      source: 'email',
      customer_id: 'cust_1',
      subject: `Subject ${external_id}`,
      message: `Text ${day}.`,
    },
    ...{ status: 'open', created_at: '2026-03-01T10:00:00.000Z' },
    updated_at: `2026-03-${String(day).padStart(2, '0')}T10:00:00.000Z`,
  }
  return classified(delivered, judgement)
}

async function inTenant<T>(tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
  try {
    return await database.withTenant(tenantId(tenant), work)
  } finally {
    await database.close()
  }
}
const store = (tenant: string, ...tickets: ClassifiedTicket[]) =>
  inTenant(tenant, (tx) => upsertTickets(tx, tickets, { runId: null, origin: 'provider' }))
const remove = (tenant: string, id: string) => inTenant(tenant, (tx) => markDeleted(tx, [id], null))

type Raised = {
  signal_id: string
  subject: string
  state: string
  resolved_by: string | null
  facts: { external_id: string }
}
const signalsOf = async (tenant: string) => {
  const path = `/api/v1/signals?tenant_id=${tenant}&state=all&limit=200`
  return (await call<{ signals: Raised[] }>(system.url + path, { token: OPERATOR_TOKEN })).body.signals.toReversed()
}
const statesOf = async (tenant: string) => (await signalsOf(tenant)).map(({ state }) => state)
const superuser = <Row extends object>(statement: string, values: unknown[] = []) =>
  administer(system.databaseUrl, async (client) => (await client.query<Row>(statement, values)).rows)
const as = (token: string) => (method: string, path: string, body?: unknown) =>
  call(`${system.url}/api/v1${path}`, { method, token, body })

describe('a ticket that becomes urgent', () => {
  it('raises one signal that says which ticket it is', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'), ticket('b', LOW))
    const [raised, ...more] = await signalsOf(tenant)
    expect(more).toEqual([])
    expect(raised).toMatchObject({
      kind: 'ticket.urgent',
      severity: 'critical',
      state: 'open',
      title: 'Urgent: Subject a',
    })
    const found = await as(OPERATOR_TOKEN)('GET', `/tickets/a?tenant_id=${tenant}`)
    expect(raised?.subject).toBe(`ticket:${found.body.ticket_id}`)
    expect(raised?.facts).toMatchObject({ external_id: 'a', ticket_id: found.body.ticket_id, customer_id: 'cust_1' })
  })

  it('raises it also when it was known before', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a', LOW))
    await store(tenant, ticket('a', HIGH, 2))
    expect(await statesOf(tenant)).toEqual(['open'])
  })

  it.each([
    ['fetched again', (tenant: string) => store(tenant, ticket('a'))],
    ['edited and still urgent', (tenant: string) => store(tenant, ticket('a', HIGH, 2))],
    [
      'newer with equal content',
      (tenant: string) => store(tenant, { ...ticket('a'), updated_at: '2026-03-09T00:00:00Z' }),
    ],
    ['closed', (tenant: string) => store(tenant, { ...ticket('a', HIGH, 2), status: 'closed' as const })],
  ])('raises none when it is %s', async (_what, again) => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'))
    const before = await signalsOf(tenant)
    await again(tenant)
    expect(await signalsOf(tenant)).toEqual(before)
  })

  it('raises another one when it was urgent, then not, and is again', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'))
    await store(tenant, ticket('a', LOW, 2))
    expect(await signalsOf(tenant)).toMatchObject([{ state: 'resolved', resolved_by: null }])
    await store(tenant, ticket('a', HIGH, 3))
    expect(await statesOf(tenant)).toEqual(['resolved', 'open'])
  })

  it('leaves a signal that a person resolved alone while it stays urgent', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'))
    const [raised] = await signalsOf(tenant)
    await as(OPERATOR_TOKEN)('POST', `/signals/${raised?.signal_id}/resolve`)
    await store(tenant, ticket('a', HIGH, 2))
    expect(await signalsOf(tenant)).toMatchObject([{ state: 'resolved', resolved_by: 'operator' }])
    await store(tenant, ticket('a', LOW, 3))
    await store(tenant, ticket('a', HIGH, 4))
    expect(await statesOf(tenant)).toEqual(['resolved', 'open'])
  })

  it('resolves also what a person has acknowledged', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'))
    const [raised] = await signalsOf(tenant)
    await as(OPERATOR_TOKEN)('POST', `/signals/${raised?.signal_id}/acknowledge`)
    await store(tenant, ticket('a', LOW, 2))
    expect(await signalsOf(tenant)).toMatchObject([
      { state: 'resolved', acknowledged_by: 'operator', resolved_by: null },
    ])
  })
})

describe('an urgent ticket that is deleted', () => {
  it('resolves its signal, and raises another one when it comes back', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'))
    await remove(tenant, 'a')
    expect(await signalsOf(tenant)).toMatchObject([{ state: 'resolved', resolved_by: null }])
    await store(tenant, ticket('a'))
    expect(await statesOf(tenant)).toEqual(['resolved', 'open'])
  })

  it('raises none when it comes back harmless, nor when it is edited while deleted', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'))
    await remove(tenant, 'a')
    await superuser(`update tickets set urgency = 'medium' where tenant_id = $1`, [tenant])
    await superuser(`update tickets set urgency = 'high' where tenant_id = $1`, [tenant])
    await store(tenant, ticket('a', LOW, 2))
    expect(await statesOf(tenant)).toEqual(['resolved'])
  })

  it('resolves it too when its row is removed for good', async () => {
    const tenant = await newTenant()
    await store(tenant, ticket('a'), ticket('b'))
    await superuser(`delete from tickets where tenant_id = $1 and external_id = 'a'`, [tenant])
    expect((await signalsOf(tenant)).map(({ facts, state }) => [facts.external_id, state]).toSorted()).toEqual([
      ['a', 'resolved'],
      ['b', 'open'],
    ])
  })
})

describe('people and rules', () => {
  it('raise and resolve by a correction, and by taking it back', async () => {
    await store(agents, ticket('a', { ...LOW, rule_version: 'old' }))
    const correct = as(agent.token)
    const path = `/tickets/a/classification?tenant_id=${agents}`
    await correct('PATCH', path, { urgency: 'high' })
    expect(await statesOf(agents)).toEqual(['open'])
    // The rules find nothing urgent in it.
    expect((await correct('DELETE', path)).status).toBe(200)
    expect(await signalsOf(agents)).toMatchObject([{ state: 'resolved', resolved_by: null }])
  })

  it('raise by classifying again', async () => {
    const tenant = await newTenant()
    const outdated = {
      ...ticket('a', { ...LOW, rule_version: 'old' }),
      subject: 'URGENT: production is down, refund now',
    }
    await store(tenant, outdated)
    expect(await statesOf(tenant)).toEqual([])
    const { body } = await as(OPERATOR_TOKEN)('POST', `/tickets/reclassify?tenant_id=${tenant}`)
    await waitFor('it was never classified', async () => {
      const task = await as(OPERATOR_TOKEN)('GET', `/tasks/${String(body.task_id)}`)
      return task.body.status === 'succeeded'
    })
    expect(await statesOf(tenant)).toEqual(['open'])
  })
})

describe('a statement about many tickets', () => {
  it('of 1,000 raises one for each, the earliest ticket first', async () => {
    const tenant = await newTenant()
    const many = Array.from({ length: 1_000 }, (_, index) => ({
      ...ticket(`t${index}`),
      created_at: new Date(Date.UTC(2026, 0, 1) + ((index * 617) % 1_000) * 60_000).toISOString(),
    }))
    await store(tenant, ...many)
    const rows = await superuser<{ facts: { external_id: string } }>(
      'select facts from signals where tenant_id = $1 order by change',
      [tenant],
    )
    const inOrder = many
      .toSorted((a, b) => a.created_at.localeCompare(b.created_at))
      .map(({ external_id }) => external_id)
    expect(rows.map(({ facts }) => facts.external_id)).toEqual(inOrder)
    await store(tenant, ...many.map(({ external_id }) => ticket(external_id, LOW, 2)))
    expect(
      await superuser(`select count(*)::int as n from signals where tenant_id = $1 and state <> 'resolved'`, [tenant]),
    ).toEqual([{ n: 0 }])
  })

  it('of several tenants raises and resolves in each, whoever writes', async () => {
    const tenants = [await newTenant(), await newTenant(), await newTenant()]
    for (const tenant of tenants) await store(tenant, ticket('a', LOW), ticket('b', LOW))
    const set = (change: string) =>
      superuser(`update tickets set ${change} where tenant_id = any($1) and external_id = 'a'`, [tenants])
    await set(`urgency = 'high', requires_action = true`)
    for (const tenant of tenants) expect(await statesOf(tenant)).toEqual(['open'])
    await set(`urgency = 'medium'`)
    for (const tenant of tenants) expect(await statesOf(tenant)).toEqual(['resolved'])
  })
})

describe('a transaction', () => {
  it('that rolls back leaves no signal', async () => {
    const tenant = await newTenant()
    const failed = inTenant(tenant, async (tx) => {
      await upsertTickets(tx, [ticket('a')], { runId: null, origin: 'provider' })
      throw new Error('rolled back')
    })
    await expect(failed).rejects.toThrow('rolled back')
    expect(await signalsOf(tenant)).toEqual([])
  })

  it('that races others for one ticket raises one with them', async () => {
    const tenant = await newTenant()
    const racing = Array.from({ length: 6 }, (_, index) => store(tenant, ticket('a', HIGH, index + 1)))
    await Promise.all(racing)
    expect(await statesOf(tenant)).toEqual(['open'])
    await Promise.all([store(tenant, ticket('a', LOW, 8)), remove(tenant, 'a')])
    expect(await statesOf(tenant)).toEqual(['resolved'])
  })
})
