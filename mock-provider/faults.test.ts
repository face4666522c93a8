import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fault, type MockProvider, startMockProvider } from './index.ts'

const LIST = '/external/support-tickets'

describe('faults', () => {
  let provider: MockProvider
  const get = (path: string) => fetch(provider.url + path)
  const put = (...faults: Fault[]) => provider.setFaults(faults)
  const lastCall = () => provider.calls().calls.at(-1)
  const budgetSpent = async () =>
    ((await (await get('/rate-limit/status')).json()) as { current_requests: number }).current_requests

  beforeEach(async () => {
    provider = await startMockProvider({ port: 0, tickets: 50, notify: 'ok', notifyDelayMinMs: 0, notifyDelayMaxMs: 0 })
  })
  afterEach(() => provider.close())

  it('status: answers with it and with Retry-After as written, even a date, and spends no budget', async () => {
    put({ route: LIST, kind: 'status', status: 503, retry_after: 'Mon, 02 Mar 2026 09:30:00 GMT' })
    const response = await get(LIST)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('Mon, 02 Mar 2026 09:30:00 GMT')
    expect(await response.json()).toEqual({ detail: 'Injected fault' })
    expect(await budgetSpent()).toBe(0)
  })

  it('html: answers with a page as gateways do', async () => {
    put({ route: LIST, kind: 'html' })
    const response = await get(LIST)
    expect(response.status).toBe(502)
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(await response.text()).toContain('<html>')
  })

  it('wrong_json: answers with JSON of another shape, or the given body', async () => {
    put({ route: LIST, kind: 'wrong_json', times: 1 }, { route: LIST, kind: 'wrong_json', body: { tickets: null } })
    expect(await (await get(LIST)).json()).not.toHaveProperty('tickets')
    expect(await (await get(LIST)).json()).toEqual({ tickets: null })
  })

  it('reset: breaks the connection without an answer, and the log says so', async () => {
    put({ route: LIST, kind: 'reset' })
    await expect(get(LIST)).rejects.toThrow()
    await expect.poll(() => lastCall()?.duration_ms).not.toBeNull()
    expect(lastCall()).toMatchObject({ path: LIST, status: null, fault: 'reset' })
  })

  it('half_body: breaks off in the middle of the real answer, which costs budget', async () => {
    put({ route: LIST, kind: 'half_body', times: 1 })
    const response = await get(LIST)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect(await budgetSpent()).toBe(1)
  })

  it('slow: answers as usual, later', async () => {
    put({ route: LIST, kind: 'slow', delay_ms: 1 })
    expect(await (await get(LIST)).json()).toHaveProperty('tickets')
    expect(lastCall()).toMatchObject({ status: 200, fault: 'slow' })
  })

  it('hang: is in the log at once, gives no answer, and ends when the caller hangs up', async () => {
    put({ route: LIST, kind: 'hang' })
    const caller = new AbortController()
    const answer = fetch(provider.url + LIST, { signal: caller.signal })
    await expect.poll(() => lastCall()).toMatchObject({ path: LIST, fault: 'hang', duration_ms: null })
    caller.abort()
    await expect(answer).rejects.toThrow()
    await expect.poll(() => lastCall()).toMatchObject({ status: null, duration_ms: expect.any(Number) })
  })

  it('happen on their route alone, or on all of them', async () => {
    put({ route: `${LIST}/{id}`, kind: 'status', status: 500 })
    expect((await get(LIST)).status).toBe(200)
    expect((await get(`${LIST}/ext-001`)).status).toBe(500)
    put({ route: '*', kind: 'status', status: 500 })
    expect((await get('/health')).status).toBe(500)
    expect((await get('/_control')).status).toBe(200)
  })

  it('happen on matching calls alone: by parameter, by id, by field of the body', async () => {
    put(
      { route: LIST, match: { page: 3 }, kind: 'status', status: 500 },
      { route: `${LIST}/{id}`, match: { id: 'ext-007' }, kind: 'status', status: 502 },
      { route: '/notify', match: { ticket_id: 'ext-9' }, kind: 'status', status: 504 },
    )
    const notify = async (ticketId: string) => {
      const body = JSON.stringify({ ticket_id: ticketId, tenant_id: 'a', urgency: 'high', reason: 'x' })
      const headers = { 'content-type': 'application/json' }
      return (await fetch(`${provider.url}/notify`, { method: 'POST', headers, body })).status
    }
    expect((await get(`${LIST}?page=30`)).status).toBe(200)
    expect((await get(`${LIST}?page=3`)).status).toBe(500)
    expect((await get(`${LIST}/ext-008`)).status).not.toBe(502)
    expect((await get(`${LIST}/ext-007`)).status).toBe(502)
    expect([await notify('ext-8'), await notify('ext-9')]).toEqual([200, 504])
  })

  it('happen as often as they say and are then gone', async () => {
    put({ route: LIST, kind: 'status', status: 500, times: 2 })
    const statuses: number[] = []
    for (let call = 0; call < 4; call++) statuses.push((await get(LIST)).status)
    expect(statuses).toEqual([500, 500, 200, 200])
    expect(provider.faults()).toEqual([])
  })

  it.each([
    [{ route: '/nowhere', kind: 'hang' }, /route must be \* or one of/],
    [{ route: '*', kind: 'explode' }, /kind must be one of/],
    [{ route: '*', kind: 'status', status: 99 }, /status must be a whole number from 200 to 599/],
    [{ route: '*', kind: 'hang', times: 0 }, /times must be a whole number from 1/],
    ['hang', /must be an object/],
  ])('are refused with a reason when they make no sense: %j', (fault, reason) => {
    put({ route: LIST, kind: 'html' })
    expect(() => provider.setFaults([fault as Fault])).toThrow(reason)
    expect(provider.faults()).toHaveLength(1)
  })
})
