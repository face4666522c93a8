import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MockProvider, startMockProvider, type Ticket } from './index.ts'

const LIST = '/external/support-tickets'

describe('the control of a running provider', () => {
  let provider: MockProvider
  let now: number

  const call = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    const response = await fetch(provider.url + path, init)
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const list = async (query = '?page_size=100') => {
    const { body } = await call('GET', `${LIST}${query}`)
    return body as { tickets: Ticket[]; next_page: number | null; total_count: number }
  }
  const ids = async () => (await list()).tickets.map((ticket) => ticket.id)

  beforeEach(async () => {
    now = Date.parse('2026-03-02T09:30:00Z')
    provider = await startMockProvider({ port: 0, tickets: 100, rateLimit: 0, now: () => now })
  })
  afterEach(() => provider.close())

  it('deletes a ticket and brings it back, over HTTP and in process', async () => {
    const [id = ''] = await ids()
    expect((await call('POST', `/_control/tickets/${id}/delete`)).status).toBe(204)
    expect(await ids()).not.toContain(id)
    expect(await call('GET', `${LIST}/${id}`)).toMatchObject({ status: 404, body: { detail: 'Ticket deleted' } })
    expect((await call('GET', '/external/deleted-tickets')).body.deleted_ids).toContain(id)
    expect((await call('POST', `/_control/tickets/${id}/restore`)).status).toBe(204)
    expect((await ids())[0]).toBe(id)
    provider.deleteTicket(id)
    expect((await list()).total_count).toBe(94)
    provider.restoreTicket(id)
    expect((await list()).total_count).toBe(95)
  })

  it('changes a ticket, which then keeps the updated_at it was given', async () => {
    const [id = ''] = provider.modifiedIds()
    await call('PATCH', `/_control/tickets/${id}`, { message: 'New text', status: 'closed' })
    const changed = { message: 'New text', status: 'closed', updated_at: '2026-03-02T09:30:00Z' }
    for (let round = 0; round < 5; round++) expect((await call('GET', `${LIST}/${id}`)).body).toMatchObject(changed)
    provider.changeTicket(id, { subject: 'Older', updated_at: '2020-01-01T00:00:00Z' })
    const inList = (await list()).tickets.find((ticket) => ticket.id === id)
    expect(inList).toMatchObject({ subject: 'Older', message: 'New text', updated_at: '2020-01-01T00:00:00Z' })
  })

  it('inserts a ticket at the place of its created_at, with defaults for what is not given', async () => {
    const newest = await call('POST', '/_control/tickets', { tenant_id: 'tenant_x', message: 'Hello' })
    expect(newest.body).toMatchObject({ id: 'ext-101', tenant_id: 'tenant_x', created_at: '2026-03-02T09:30:00Z' })
    const oldest = provider.insertTicket({ id: 'mine', created_at: '2025-01-01T00:00:00Z' })
    expect(oldest.updated_at).toBe('2025-01-01T00:00:00Z')
    const listed = await ids()
    expect([listed[0], listed.at(-1)]).toEqual(['mine', 'ext-101'])
    expect((await call('GET', `${LIST}/mine`)).body).toEqual(oldest)
  })

  it.each([
    ['POST', '/_control/tickets/nobody/delete', undefined, 404, 'There is no ticket nobody.'],
    ['PATCH', '/_control/tickets/nobody', {}, 404, 'There is no ticket nobody.'],
    ['POST', '/_control/tickets', { id: 'ext-001' }, 409, 'There is a ticket ext-001 already.'],
    ['POST', '/_control/tickets', { created_at: 'soon' }, 422, 'created_at must be an ISO 8601 time'],
    ['POST', '/_control/tickets', { urgency: 'high' }, 422, 'urgency cannot be set'],
    ['PATCH', '/_control/tickets/ext-001', { message: 5 }, 422, 'message must be a text.'],
    ['PATCH', '/_control', { rate_limit: -1 }, 422, 'rate_limit must be a whole number from 0 to 1000000'],
    ['PATCH', '/_control', { speed: 1 }, 422, 'There is no knob speed'],
    ['PATCH', '/_control', { port: 1 }, 422, 'port is fixed'],
    ['PATCH', '/_control', [], 422, 'must be a JSON object'],
    ['PUT', '/_control/faults', {}, 422, 'must be a list of faults'],
    ['PUT', '/_control/faults', [{ route: '*', kind: 'x' }], 422, 'Fault 0: kind must be one of'],
    ['GET', '/_control/calls?since=x', undefined, 422, 'since must be a whole number'],
    ['GET', '/_control/tickets/%E0/delete', undefined, 404, 'There is no GET'],
    ['POST', '/_control/tickets/%E0/delete', undefined, 422, 'URI malformed'],
    ['GET', '/_control/nothing', undefined, 404, 'There is no GET /_control/nothing.'],
  ])('%s %s %j is %i and says why', async (method, path, body, status, sentence) => {
    const refused = await call(method, path, body)
    expect(refused.status).toBe(status)
    expect(refused.body.detail).toContain(sentence)
  })

  it('turns knobs while it runs', async () => {
    const patched = await call('PATCH', '/_control', { page_size_cap: 10, rate_limit: 2, redraw: false })
    expect(patched.body.knobs).toMatchObject({ page_size_cap: 10, rate_limit: 2, redraw: false })
    expect(provider.knobs()).toMatchObject({ pageSizeCap: 10, rateLimit: 2, redraw: false })
    expect((await call('GET', `${LIST}?page_size=11`)).body.detail[0].ctx).toEqual({ le: 10 })
    expect((await list('')).tickets).toHaveLength(10)
    await list('')
    expect((await call('GET', LIST)).status).toBe(429)
  })

  it('serves other data as soon as a data knob is turned', async () => {
    provider.set({ tickets: 20, tenants: 2, deleted: 0, modified: 0.5 })
    expect(provider.counts()).toEqual({ tickets: 20, visible: 20, deleted: 0, modified: 10 })
    expect(new Set((await list()).tickets.map((ticket) => ticket.tenant_id))).toEqual(new Set(['tenant_a', 'tenant_b']))
    provider.set({ data: 'realistic' })
    expect((await list()).tickets.every((ticket) => !ticket.message.startsWith('This is a message'))).toBe(true)
    expect((await list()).tickets.every((ticket) => Date.parse(ticket.updated_at) <= now)).toBe(true)
  })

  it('keeps updated_at from one answer to the next when redraw is off', async () => {
    provider.set({ redraw: false })
    const first = await list()
    expect(first.tickets.filter((ticket) => ticket.updated_at > ticket.created_at)).toHaveLength(10)
    for (let round = 0; round < 5; round++) expect(await list()).toEqual(first)
  })

  it('draws other changes at a restart and the first ones again at a reset', async () => {
    const before = { deleted: provider.deletedIds(), modified: provider.modifiedIds() }
    expect((await call('GET', '/_control/changes')).body).toEqual({
      deleted_ids: before.deleted,
      modified_ids: before.modified,
    })
    await call('POST', '/_control/restart')
    expect(provider.counts()).toMatchObject({ deleted: 5, modified: 10 })
    expect(provider.deletedIds()).not.toEqual(before.deleted)
    provider.insertTicket()
    provider.set({ rateLimit: 1 })
    provider.setFaults([{ route: '/health', kind: 'html' }])
    await call('POST', '/_control/reset')
    expect({ deleted: provider.deletedIds(), modified: provider.modifiedIds() }).toEqual(before)
    expect(provider.counts().tickets).toBe(100)
    expect(provider.knobs().rateLimit).toBe(0)
    expect(provider.faults()).toEqual([])
    expect(provider.calls().calls).toEqual([])
  })

  it('drifts while the list is walked: so many deleted and inserted after every page, and after no other call', async () => {
    provider.set({ driftDelete: 2, driftInsert: 1 })
    await call('GET', '/external/deleted-tickets')
    await call('GET', `${LIST}?page=0`)
    expect(provider.counts()).toMatchObject({ tickets: 100, deleted: 5 })
    expect((await list('?page=1&page_size=10')).total_count).toBe(95)
    expect(provider.counts()).toMatchObject({ tickets: 101, deleted: 7 })
    expect((await list('?page=2&page_size=10')).total_count).toBe(94)
  })

  it('drift moves rows over page borders, so that a walk misses some', async () => {
    provider.set({ driftDelete: 3 })
    const seen = new Set<string>()
    for (let next: number | null = 1; next !== null; ) {
      const page = await list(`?page_size=10&page=${next}`)
      for (const ticket of page.tickets) seen.add(ticket.id)
      next = page.next_page
    }
    provider.set({ driftDelete: 0 })
    expect((await ids()).filter((id) => !seen.has(id)).length).toBeGreaterThan(0)
  })

  it('logs the calls to the provider and none to the control', async () => {
    await call('GET', `${LIST}?page=2&tenant_id=tenant_a`)
    await call('POST', '/notify', {})
    await call('GET', '/nowhere')
    const { body } = await call('GET', '/_control/calls')
    expect(body.calls).toMatchObject([
      {
        sequence: 1,
        at: '2026-03-02T09:30:00.000Z',
        method: 'GET',
        path: LIST,
        query: 'page=2&tenant_id=tenant_a',
        status: 200,
      },
      { sequence: 2, method: 'POST', path: '/notify', query: '', status: 422 },
      { sequence: 3, method: 'GET', path: '/nowhere', status: 404, duration_ms: expect.any(Number) },
    ])
    expect((await call('GET', '/_control/calls?since=1&limit=1')).body).toMatchObject({
      calls: [{ sequence: 2 }],
      next_since: 2,
    })
    await call('DELETE', '/_control/calls')
    expect(provider.calls().calls).toEqual([])
  })

  it('tells who was notified and how often', async () => {
    provider.set({ notify: 'ok', notifyDelayMinMs: 0, notifyDelayMaxMs: 0 })
    const notification = { ticket_id: 'ext-1', tenant_id: 'a', urgency: 'high', reason: 'x' }
    const headers = { 'content-type': 'application/json' }
    await fetch(`${provider.url}/notify`, { method: 'POST', headers, body: JSON.stringify(notification) })
    expect((await call('GET', '/_control/notifications')).body).toEqual([{ ticket_id: 'ext-1', attempts: 1, sent: 1 }])
  })

  it('is deterministic: two providers with one seed answer alike, another seed differently', async () => {
    const twin = await startMockProvider({ port: 0, tickets: 100, rateLimit: 0 })
    const other = await startMockProvider({ port: 0, tickets: 100, rateLimit: 0, seed: 2 })
    try {
      const read = async (url: string) => (await fetch(`${url}${LIST}?page_size=100`)).json()
      const [mine, same, different] = [await read(provider.url), await read(twin.url), await read(other.url)]
      expect(same).toEqual(mine)
      expect(twin.deletedIds()).toEqual(provider.deletedIds())
      expect(different).not.toEqual(mine)
    } finally {
      await Promise.all([twin.close(), other.close()])
    }
  })
})
