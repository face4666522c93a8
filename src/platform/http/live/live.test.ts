import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { ALDER, ada, BIRCH, testApp, tokenOf } from '../../../../test/harness/app.ts'
import { call } from '../../../../test/harness/call.ts'
import { listenToEvents, listenToWebSocket } from '../../../../test/harness/listeners.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { type Caller, reply, TenantQuery, tenantRoute, unauthenticated } from '../index.ts'

/** The streams that the route of these tests has opened, the last one at the end. */
const sources: Readable[] = []
const lastSource = () => sources.at(-1) as Readable

const live = {
  method: 'GET',
  tag: 'Things',
  summary: 'A route of this test',
  access: 'thing.read',
  tenant: 'query',
  query: z.strictObject(TenantQuery),
  responses: { 200: z.unknown() },
} as const
const openSource = () => {
  const source = new Readable({ objectMode: true, read: () => {} })
  sources.push(source)
  return source
}
/** Gives events for as long as somebody takes them. */
const endless = { given: 0 }
const openEndless = () => {
  const text = 'x'.repeat(10_000)
  const source = new Readable({
    objectMode: true,
    read: () => {
      endless.given += 1
      source.push(event(endless.given, text))
    },
  })
  sources.push(source)
  return source
}
const app = testApp([
  tenantRoute({
    ...live,
    operationId: 'getLiveEndless',
    path: '/live-endless',
    live: 'events',
    handle: async () => reply(200, openEndless()),
  }),
  tenantRoute({
    ...live,
    operationId: 'getLive',
    path: '/live',
    live: 'events',
    handle: async () => reply(200, openSource()),
  }),
  tenantRoute({
    ...{ ...live, operationId: 'getLiveUncommitted', path: '/live-uncommitted', live: 'events' },
    handle: async ({ tx }) => {
      await sql`select 1 / 0`.execute(tx).catch(() => {})
      return reply(200, openSource())
    },
  }),
  tenantRoute({
    ...{
      ...live,
      operationId: 'postNotLive',
      method: 'POST',
      path: '/not-live',
      body: z.strictObject({ name: z.string() }),
    },
    handle: async ({ body: { name } }) => reply(200, { is: `the answer to ${name}` }),
  }),
  tenantRoute({
    ...live,
    operationId: 'getNotLive',
    path: '/not-live',
    handle: async () => reply(200, { is: 'an ordinary answer' }),
  }),
])

const FORMS = [
  ['server-sent events', listenToEvents, 200],
  ['a WebSocket', listenToWebSocket, 101],
] as const
const event = (id: number, data: unknown = { n: id }) => ({
  id: String(id),
  event: 'thing',
  data: JSON.stringify(data),
})
const alder = (url: string) => `${url}/live?tenant_id=alder`

/** A caller whose access the test can take away, and a database that can be lost. */
function fickle() {
  const access = { state: 'good' as 'good' | 'revoked' | 'forbidden' | 'unknown' }
  const authenticate = async (): Promise<Caller> => {
    if (access.state === 'revoked') throw unauthenticated('revoked')
    if (access.state === 'unknown') throw new Error('no database')
    const decision = access.state === 'forbidden' ? 'forbidden' : 'allowed'
    return { id: 'person:ada', tenants: [ALDER], isOperator: false, decide: async () => decision }
  }
  return { access, authenticate }
}

describe.each(FORMS)('a live route as %s', (form, listen, status) => {
  it('brings every event in its order, each with its id', async () => {
    const listener = await listen(alder(app.url), { token: ada })
    expect(listener.status).toBe(status)
    for (const n of [1, 2, 3]) lastSource().push(event(n))
    await waitFor('the events never came', () => listener.events.length === 3)
    expect(listener.events).toEqual([1, 2, 3].map((n) => ({ id: String(n), event: 'thing', data: { n } })))
    listener.leave()
    await waitFor('the source was never closed', () => lastSource().destroyed)
  })

  it.each([
    ['without credentials', undefined, 'alder', 401, 'http.unauthenticated'],
    [
      'of another tenant',
      tokenOf({ id: 'x', tenants: [BIRCH], permissions: ['thing.read'] }),
      'alder',
      404,
      'http.tenant_not_found',
    ],
    ['without the permission', tokenOf({ id: 'x', tenants: [ALDER], permissions: [] }), 'alder', 403, 'http.forbidden'],
    ['with a tenant id that is none', ada, 'NO!', 422, 'http.invalid'],
  ])('refuses a caller %s with a problem document', async (_who, token, tenant, expected, code) => {
    const before = sources.length
    const refused = await listen(`${app.url}/live?tenant_id=${tenant}`, token === undefined ? {} : { token })
    expect([refused.status, refused.problem.code, refused.problem.status]).toEqual([expected, code, expected])
    expect(sources).toHaveLength(before)
  })

  it('says that it is still there when nothing happens, for longer than a request may take to arrive', async () => {
    const server = await app.start({ liveTimes: { keepAliveMs: 500 }, arrival: { requestTimeoutMs: 1_000 } })
    const listener = await listen(alder(`${server.url}/api/v1`), { token: ada })
    await waitFor('it never said so', () => listener.others.length > 8)
    expect(listener.isOver()).toBe(false)
    listener.leave()
  })

  it.each(['revoked', 'forbidden'] as const)('ends soon after the access is %s', async (taken) => {
    const { access, authenticate } = fickle()
    const server = await app.start({ authenticate, liveTimes: { checkAccessMs: 30 } })
    const listener = await listen(alder(`${server.url}/api/v1`))
    const source = lastSource()
    access.state = 'unknown'
    await waitFor('nobody looked', () => app.logLines.some((line) => line.includes('cannot check the access')))
    expect(listener.isOver()).toBe(false)
    access.state = taken
    await waitFor('it never ended', listener.isOver)
    expect(source.destroyed).toBe(true)
    if (form === 'a WebSocket') expect(listener.closeCode()).toBe(1008)
  })

  it('ends when the server stops, which does not wait for it', async () => {
    const server = await app.start()
    const listener = await listen(alder(`${server.url}/api/v1`), { token: ada })
    const source = lastSource()
    await server.app.close()
    await waitFor('it never ended', listener.isOver)
    expect(source.destroyed).toBe(true)
    if (form === 'a WebSocket') expect(listener.closeCode()).toBe(1001)
  })

  it('closes what the handler opened when the transaction does not commit', async () => {
    const refused = await listen(`${app.url}/live-uncommitted?tenant_id=alder`, { token: ada })
    expect(refused.status).toBe(500)
    expect(lastSource().destroyed).toBe(true)
  })

  it('is one answered request in log and metrics, with its end', async () => {
    const answered: number[] = []
    const server = await app.start({ onAnswered: (answer) => answered.push(answer.status) })
    const listener = await listen(alder(`${server.url}/api/v1`), { token: ada })
    lastSource().push(event(1))
    await waitFor('the event never came', () => listener.events.length > 0)
    expect(answered).toEqual([])
    lastSource().push(null)
    await waitFor('it was never counted', () => answered.length > 0)
    expect(answered).toEqual([status])
    await waitFor('it never ended', listener.isOver)
  })
})

describe.each([
  ['server-sent events', ''],
  [
    'a WebSocket',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  ],
])('a listener that does not read, over %s', (_form, headers) => {
  it('is given no more than fits, and is let go', async () => {
    const server = await app.start({ liveTimes: { stalledMs: 400 } })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const before = sources.length
    socket.pause()
    endless.given = 0
    socket.write(
      `GET /api/v1/live-endless?tenant_id=alder HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada}\r\n${headers}\r\n`,
    )
    await waitFor('the stream never opened', () => sources.length > before)
    const source = lastSource()
    await waitFor('it was never let go', () => source.destroyed)
    // 10 KB each: what the two ends of the connection hold, and not everything there is.
    expect(endless.given).toBeGreaterThan(5)
    expect(endless.given).toBeLessThan(5_000)
  })
})

describe('a WebSocket', () => {
  it('is closed when the other side sends something, or does not answer', async () => {
    const listener = new WebSocket(alder(app.url).replace('http', 'ws'), {
      headers: { authorization: `Bearer ${ada}` },
    })
    await once(listener, 'open')
    listener.send('hello')
    expect((await once(listener, 'close'))[0]).toBe(1008)

    const server = await app.start({ liveTimes: { keepAliveMs: 50 } })
    const silent = new WebSocket(`${alder(`${server.url}/api/v1`)}`.replace('http', 'ws'), {
      ...{ headers: { authorization: `Bearer ${ada}` }, autoPong: false },
    })
    await once(silent, 'open')
    await once(silent, 'close')
    await waitFor('the source was never closed', () => lastSource().destroyed)
  })

  it('is not made of a route that is not live, nor at an address where nothing is', async () => {
    const ordinary = await listenToWebSocket(`${app.url}/not-live?tenant_id=alder`, { token: ada })
    expect(ordinary).toMatchObject({ status: 200, problem: { is: 'an ordinary answer' } })
    const nowhere = await listenToWebSocket(`${app.url}/nowhere`, { token: ada })
    expect(nowhere).toMatchObject({ status: 404, problem: { code: 'http.route_not_found' } })
  })

  it('is refused while the server closes', async () => {
    const server = await app.start()
    const held = connect(Number(new URL(server.url).port), '127.0.0.1')
    let answer = ''
    held.on('data', (bytes) => {
      answer += bytes
    })
    // Half a request keeps the connection while the server closes.
    held.write(`GET /api/v1/live?tenant_id=alder HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`)
    await waitFor('it never connected', () => !held.connecting)
    const listener = await listenToEvents(alder(`${server.url}/api/v1`), { token: ada })
    const closed = server.app.close()
    await waitFor('the server never began to close', listener.isOver)
    held.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')
    await waitFor('it was never answered', () => answer.includes('http.draining'))
    await closed
  })
})

describe('other requests', () => {
  it('that ask to become something else are answered as if they had not', async () => {
    const server = await app.start()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let answer = ''
    socket.on('data', (bytes) => {
      answer += bytes
    })
    // With a body: who takes the connection over does not read it.
    socket.write(
      `POST /api/v1/not-live?tenant_id=alder HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"name":"Ada"}`,
    )
    await waitFor('it was never answered', () => answer.includes('the answer to Ada'))
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
  })

  it('HEAD opens no stream', async () => {
    const answer = await call(alder(app.url), { method: 'HEAD', token: ada })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(lastSource().destroyed).toBe(true)
  })
})
