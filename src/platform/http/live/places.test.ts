import { Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ALDER, ada, BIRCH, testApp } from '../../../../test/harness/app.ts'
import { call } from '../../../../test/harness/call.ts'
import { listenToEvents } from '../../../../test/harness/listeners.ts'
import { connectRaw } from '../../../../test/harness/raw-connection.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { type Caller, reply, TenantQuery, tenantRoute, unauthenticated } from '../index.ts'

const route = {
  method: 'GET',
  tag: 'Things',
  summary: 'A route of this test',
  access: 'thing.read',
  tenant: 'query',
  query: z.strictObject(TenantQuery),
  responses: { 200: z.unknown() },
} as const
const sources: Readable[] = []
const open = (options: { objectMode: boolean }) => {
  const source = new Readable({ ...options, read: () => {} })
  sources.push(source)
  return source
}
const app = testApp([
  tenantRoute({
    ...{ ...route, operationId: 'followThings', path: '/events', live: 'events' },
    handle: async () => reply(200, open({ objectMode: true })),
  }),
  tenantRoute({
    ...{ ...route, operationId: 'downloadThings', path: '/file', live: 'download' },
    handle: async () => {
      const file = open({ objectMode: false })
      file.push('the first line\n')
      return reply(200, file, { 'content-type': 'text/plain' })
    },
  }),
  tenantRoute({
    ...{ ...route, operationId: 'failThings', path: '/fails', live: 'events' },
    handle: async () => {
      throw new Error('before there is a stream')
    },
  }),
  tenantRoute({
    ...{ ...route, operationId: 'hideThings', path: '/undeclared' },
    handle: async () => reply(200, Readable.from(['a stream that nobody counts'])),
  }),
])
beforeEach(() => {
  sources.length = 0
})

const streams = { events: { perTenant: 2, max: 3 }, download: { perTenant: 1, max: 2 } }
const eventsOf = (url: string, tenant = 'alder') => `${url}/api/v1/events?tenant_id=${tenant}`
const fileOf = (url: string, tenant = 'alder') =>
  `GET /api/v1/file?tenant_id=${tenant} HTTP/1.1\r\nHost: ${url}\r\nAuthorization: Bearer ${ada}\r\n\r\n`

describe('streams', () => {
  it('of a tenant are as many as may be, one more is 429; of all tenants, one more is 503', async () => {
    const { url, app: server } = await app.start({ streams })
    const listeners = [await listenToEvents(eventsOf(url), { token: ada })]
    listeners.push(await listenToEvents(eventsOf(url), { token: ada }))
    const tooMany = await listenToEvents(eventsOf(url), { token: ada })
    expect([tooMany.status, tooMany.problem.code]).toEqual([429, 'http.too_many_streams'])
    listeners.push(await listenToEvents(eventsOf(url, 'birch'), { token: ada }))
    const full = await call(eventsOf(url, 'birch'), { token: ada })
    expect([full.status, full.body.code, full.headers.get('retry-after')]).toEqual([503, 'http.full', '5'])
    // Nothing was opened for who was refused.
    expect(sources).toHaveLength(3)

    listeners[0]?.leave()
    await waitFor('its place was never free', () => server.live.open('events') === 2)
    expect((await listenToEvents(eventsOf(url), { token: ada })).status).toBe(200)
    for (const { leave } of listeners) leave()
  })

  it('and downloads are counted apart, and each until its reader has gone', async () => {
    const { url, app: server } = await app.start({ streams })
    const listener = await listenToEvents(eventsOf(url), { token: ada })
    const reader = await connectRaw(url, fileOf(url))
    await waitFor('the file never began', () => reader.answer().includes('the first line'))
    const more = await call(`${url}/api/v1/file?tenant_id=alder`, { token: ada })
    expect([more.status, more.body.code]).toEqual([429, 'http.too_many_streams'])
    expect([server.live.open('events'), server.live.open('download')]).toEqual([1, 1])
    reader.socket.destroy()
    await waitFor('its place was never free', () => server.live.open('download') === 0)
    expect(sources.at(-1)?.destroyed).toBe(true)
    listener.leave()
  })

  it('that are never opened keep no place: HEAD, a handler that fails', async () => {
    const { url, app: server } = await app.start({ streams })
    for (let time = 0; time < 5; time += 1) {
      expect((await call(eventsOf(url), { token: ada, method: 'HEAD' })).status).toBe(200)
      expect((await call(`${url}/api/v1/fails?tenant_id=alder`, { token: ada })).status).toBe(500)
    }
    expect(server.live.open('events')).toBe(0)
  })

  it('that are not declared as such are an error of ours, and go nowhere', async () => {
    expect((await call(`${app.url}/undeclared?tenant_id=alder`, { token: ada })).status).toBe(500)
  })
})

/** Callers named by their token, whom the test can take everything from, and how often somebody asked for each. */
function callers() {
  const gone = new Set<string>()
  const until = new Map<string, Date>()
  const looked: string[] = []
  const authenticate = async ({ headers }: { headers: { authorization?: string | undefined } }): Promise<Caller> => {
    const name = headers.authorization?.replace('Bearer ', '') ?? ''
    looked.push(name)
    if (gone.has(name)) throw unauthenticated('revoked')
    return {
      ...{ id: `key:${name}`, tenants: [ALDER, BIRCH], isOperator: false, until: until.get(name) },
      decide: async () => 'allowed' as const,
    }
  }
  return { gone, until, looked, authenticate }
}

describe('what a caller may have no more', () => {
  it('ends when it is told, streams and downloads alike, looked up once for all of them; others go on', async () => {
    const { gone, looked, authenticate } = callers()
    // Nobody looks by himself while the test runs.
    const { url, app: server } = await app.start({ authenticate, liveTimes: { checkAccessMs: 3_600_000 } })
    const listeners = await Promise.all(
      Array.from({ length: 20 }, () => listenToEvents(eventsOf(url), { token: 'first' })),
    )
    const other = await listenToEvents(eventsOf(url), { token: 'second' })
    const file = await connectRaw(url, fileOf(url).replace(ada, 'first'))
    await waitFor('the file never began', () => file.answer().includes('the first line'))
    looked.length = 0
    gone.add('first').add('second')
    server.live.lookAgain('key:first')
    await waitFor('they never ended', () => listeners.every(({ isOver }) => isOver()) && file.isOver())
    expect([looked, other.isOver()]).toEqual([['first'], false])
    // A file that was cut does not look complete.
    expect(file.answer()).not.toMatch(/\r\n0\r\n\r\n$/)
    server.live.lookAgainAtAll()
    await waitFor('the other one never ended', other.isOver)
    expect([server.live.open('events'), server.live.open('download')]).toEqual([0, 0])
  })

  it('ends when its credentials end by themselves, and goes on when they were renewed', async () => {
    const { gone, until, authenticate } = callers()
    const soon = () => new Date(Date.now() + 100)
    until.set('renewed', soon()).set('over', soon())
    const { url } = await app.start({ authenticate, liveTimes: { checkAccessMs: 3_600_000 } })
    const [renewed, over] = await Promise.all(
      ['renewed', 'over'].map((token) => listenToEvents(eventsOf(url), { token })),
    )
    gone.add('over')
    until.set('renewed', new Date(Date.now() + 3_600_000))
    await waitFor('it never ended', () => over?.isOver())
    expect(renewed?.isOver()).toBe(false)
    renewed?.leave()
  })

  it('ends though its reader takes nothing', async () => {
    const { gone, authenticate } = callers()
    const { url, app: server } = await app.start({ authenticate, liveTimes: { checkAccessMs: 3_600_000 } })
    const reader = await connectRaw(url)
    reader.socket.pause()
    reader.socket.write(fileOf(url).replace(ada, 'first'))
    await waitFor('it never began', () => sources.length === 1)
    for (let megabyte = 0; megabyte < 20; megabyte += 1) sources[0]?.push('x'.repeat(1_048_576))
    gone.add('first')
    server.live.lookAgain('key:first')
    await waitFor('it never ended', () => server.live.open('download') === 0 && server.connections.open() === 0)
  })
})
