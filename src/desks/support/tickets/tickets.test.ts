import { describe, expect, it } from 'vitest'
import { type Answer, call } from '../../../../test/harness/call.ts'
import { classified } from '../../../../test/harness/classified.ts'
import { silent } from '../../../../test/harness/database.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase, type Tx } from '../../../platform/database/index.ts'
import { type DeliveredTicket, markDeleted, upsertTickets } from './index.ts'

type Listed = {
  tickets: { ticket_id: string; external_id: string; created_at: string; subject: string }[]
  next_cursor: string | null
}

/** Without workers, which would classify what is stored here. */
const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const get = <Body = Listed>(path: string) => call<Body>(system.url + path, { token: OPERATOR_TOKEN })

function ticket(external_id: string, change: Partial<DeliveredTicket> = {}): DeliveredTicket {
  const moment = '2026-03-01T10:00:00.000Z'
  return {
    ...{ external_id, source: 'email', customer_id: 'cust_1', subject: `Subject ${external_id}`, message: 'Text.' },
    ...{ status: 'open', created_at: moment, updated_at: moment },
    ...change,
  }
}

/** A new tenant with these tickets. */
async function tenantWith(name: string, tickets: DeliveredTicket[]) {
  await call(`${system.url}/tenants`, { method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id: name, name } })
  return { name, counts: await store(name, tickets) }
}

async function inTenant<T>(tenant: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
  try {
    return await database.withTenant(tenantId(tenant), work)
  } finally {
    await database.close()
  }
}

const store = (tenant: string, tickets: DeliveredTicket[], origin = 'provider') =>
  inTenant(tenant, (tx) =>
    upsertTickets(
      tx,
      tickets.map((each) => classified(each)),
      { runId: null, origin },
    ),
  )
const remove = (tenant: string, ids: string[]) => inTenant(tenant, (tx) => markDeleted(tx, ids, null))

describe('storing a page', () => {
  it('changes a ticket unless what comes is older, however often it comes', async () => {
    const first = ticket('ext-1')
    const { name, counts } = await tenantWith('upsert', [first, ticket('ext-2')])
    expect(counts).toEqual({ created: 2, updated: 0, restored: 0, unchanged: 0 })
    const older = { ...first, subject: 'older', updated_at: '2026-02-28T00:00:00Z' }
    const unchanged = { created: 0, updated: 0, restored: 0, unchanged: 1 }
    expect(await store(name, [first, older])).toEqual(unchanged)
    expect(await store(name, [older])).toEqual(unchanged)
    expect(await store(name, [{ ...first, subject: 'newer', updated_at: '2026-03-02T00:00:00Z' }])).toEqual({
      ...{ created: 0, updated: 1, restored: 0, unchanged: 0 },
    })
    expect((await get<{ subject: string }>(`/tickets/ext-1?tenant_id=${name}`)).body.subject).toBe('newer')
  })

  it('counts a ticket that stands twice in a page once and keeps the newest', async () => {
    const { name, counts } = await tenantWith('twice', [
      ticket('ext-1', { subject: 'new', updated_at: '2026-03-03T00:00:00Z' }),
      ticket('ext-1', { subject: 'old' }),
    ])
    expect(counts).toEqual({ created: 1, updated: 0, restored: 0, unchanged: 0 })
    expect((await get<{ subject: string }>(`/tickets/ext-1?tenant_id=${name}`)).body.subject).toBe('new')
  })

  it('keeps the same provider id of two tenants apart', async () => {
    await tenantWith('left', [ticket('ext-1', { subject: 'left' })])
    await tenantWith('right', [ticket('ext-1', { subject: 'right' })])
    expect((await get<{ subject: string }>('/tickets/ext-1?tenant_id=left')).body.subject).toBe('left')
    expect((await get<{ subject: string }>('/tickets/ext-1?tenant_id=right')).body.subject).toBe('right')
  })
})

describe('the history of a ticket', () => {
  type History = { history: { action: string; changes: Record<string, { old: string | null; new: string | null }> }[] }
  const historyOf = async (tenant: string, id: string) =>
    (await get<History>(`/tickets/${id}/history?tenant_id=${tenant}`)).body.history.map(({ action, changes }) => ({
      action,
      changes,
    }))

  it('has one entry for each change, newest first, with the fields that changed and nothing else', async () => {
    const first = ticket('ext-1')
    const { name } = await tenantWith('history', [first])
    const second = { ...first, subject: 'Mended', status: 'closed' as const, updated_at: '2026-03-02T00:00:00Z' }
    await store(name, [second])
    await remove(name, ['ext-1'])
    await store(name, [second])
    expect(await historyOf(name, 'ext-1')).toEqual([
      { action: 'restored', changes: {} },
      { action: 'deleted', changes: {} },
      {
        action: 'updated',
        changes: { subject: { old: 'Subject ext-1', new: 'Mended' }, status: { old: 'open', new: 'closed' } },
      },
      { action: 'created', changes: {} },
    ])
  })

  it('stays empty when only updated_at moves, forwards or backwards', async () => {
    const first = ticket('ext-1')
    const { name } = await tenantWith('moving', [first])
    for (const day of ['05', '03', '09', '01']) {
      expect(await store(name, [{ ...first, updated_at: `2026-03-${day}T12:00:00Z` }])).toMatchObject({ unchanged: 1 })
    }
    expect(await historyOf(name, 'ext-1')).toEqual([{ action: 'created', changes: {} }])
  })

  it('is the same when two pages race: the newer content wins, and each change is there once', async () => {
    const first = ticket('ext-1')
    const { name } = await tenantWith('race', [first])
    const versions = Array.from({ length: 8 }, (_, index) => ({
      ...{ ...first, subject: `version ${index}`, updated_at: `2026-03-02T00:00:0${index}Z` },
    }))
    await Promise.all(versions.toReversed().map((version) => store(name, [version])))
    expect((await get<{ subject: string }>(`/tickets/ext-1?tenant_id=${name}`)).body.subject).toBe('version 7')
    const subjects = (await historyOf(name, 'ext-1')).flatMap(({ changes }) => changes.subject?.new ?? [])
    expect(new Set(subjects).size).toBe(subjects.length)
    expect(subjects[0]).toBe('version 7')
  })
})

describe('a deleted ticket', () => {
  it('leaves the normal list, is shown on request, and comes back when the provider has it again', async () => {
    const { name } = await tenantWith('deleted', [ticket('ext-1'), ticket('ext-2')])
    const ids = async (more = '') =>
      (await get(`/tickets?tenant_id=${name}${more}`)).body.tickets.map(({ external_id }) => external_id).toSorted()
    expect(await remove(name, ['ext-1', 'ext-9'])).toBe(1)
    expect(await remove(name, ['ext-1'])).toBe(0)
    expect(await ids()).toEqual(['ext-2'])
    expect(await ids('&include_deleted=true')).toEqual(['ext-1', 'ext-2'])
    // The same old version of it: what it says is not newer, but it is there again.
    expect(await store(name, [ticket('ext-1')])).toMatchObject({ restored: 1, updated: 0, unchanged: 0 })
    expect(await ids()).toEqual(['ext-1', 'ext-2'])
  })
})

describe('GET /tickets', () => {
  it('answers an empty list for a tenant without tickets', async () => {
    await tenantWith('empty', [])
    expect(await get('/tickets?tenant_id=empty')).toMatchObject({
      status: 200,
      body: { tickets: [], next_cursor: null },
    })
  })

  it('shows each ticket once when followed to the end, though many share a time and new ones arrive', async () => {
    const many = Array.from({ length: 25 }, (_, index) =>
      ticket(`ext-${index}`, { created_at: `2026-03-0${1 + (index % 3)}T00:00:00.123Z` }),
    )
    const { name } = await tenantWith('walk', many)
    const seen: string[] = []
    let next: string | null = `/tickets?tenant_id=${name}&limit=4`
    while (next !== null) {
      const answer: Answer<Listed> = await get(next)
      seen.push(...answer.body.tickets.map(({ external_id }) => external_id))
      await store(name, [ticket(`new-${seen.length}`, { created_at: '2026-04-01T00:00:00Z' })])
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null
    }
    expect(seen.toSorted()).toEqual(many.map(({ external_id }) => external_id).toSorted())
  })

  it.each([
    ['status=closed', ['b']],
    ['source=chat', ['c']],
    ['customer_id=cust_9', ['d']],
    ['created_from=2026-03-05T00:00:00Z', ['e']],
    ['created_to=2026-02-01T00:00:00%2B01:00', ['f']],
    [
      'status=open&source=email&customer_id=cust_1&created_from=2026-02-15T00:00:00Z&created_to=2026-03-02T00:00:00Z',
      ['a'],
    ],
    ['status=pending', []],
  ])('filters by %s', async (filter, expected) => {
    const name = `filter_${filter.length}`
    await tenantWith(name, [
      ticket('a'),
      ticket('b', { status: 'closed' }),
      ticket('c', { source: 'chat' }),
      ticket('d', { customer_id: 'cust_9' }),
      ticket('e', { created_at: '2026-03-05T00:00:00Z' }),
      ticket('f', { created_at: '2026-01-31T22:59:59Z' }),
    ])
    const { body } = await get(`/tickets?tenant_id=${name}&${filter}`)
    expect(body.tickets.map(({ external_id }) => external_id)).toEqual(expected)
  })
})

describe('GET /tickets/{ticket_id}', () => {
  it('finds a ticket by our id and by the provider’s, and answers 404 otherwise', async () => {
    await tenantWith('single', [ticket('ext-1')])
    const byTheirs = await get<{ ticket_id: string }>('/tickets/ext-1?tenant_id=single')
    const byOurs = await get<{ external_id: string }>(`/tickets/${byTheirs.body.ticket_id}?tenant_id=single`)
    expect(byOurs.body.external_id).toBe('ext-1')
    expect(await get('/tickets/ext-2?tenant_id=single')).toMatchObject({
      status: 404,
      body: { code: 'tickets.not_found' },
    })
  })
})
