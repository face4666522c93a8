import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ada, testApp } from '../../../../test/harness/app.ts'
import { call } from '../../../../test/harness/call.ts'
import { connectRaw, type RawConnection } from '../../../../test/harness/raw-connection.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { reply, TenantQuery, tenantRoute } from '../index.ts'

const route = { tag: 'Things', summary: 'A route of this test', access: 'thing.read', tenant: 'query' } as const
const gate = { waiting: 0, open: () => {}, opened: Promise.resolve() }
const shut = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  Object.assign(gate, { waiting: 0, open: resolve, opened: promise })
}
const LONG = 'x'.repeat(20_000_000)

const app = testApp([
  tenantRoute({
    ...{ ...route, method: 'GET', operationId: 'getWaits', path: '/waits', query: z.strictObject(TenantQuery) },
    responses: { 200: z.literal('waited') },
    handle: async () => {
      gate.waiting += 1
      await gate.opened
      return reply(200, 'waited')
    },
  }),
  tenantRoute({
    ...{ ...route, method: 'GET', operationId: 'getLong', path: '/long', query: z.strictObject(TenantQuery) },
    responses: { 200: z.string() },
    handle: async () => reply(200, LONG),
  }),
])

const get = (path: string, more = '') =>
  `GET /api/v1${path}?tenant_id=alder HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada}\r\n${more}\r\n`
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const SILENT = 'GET /docs/json HTTP/1.1\r\nHost: x\r\n\r\n'

/** Connections that the server has, as its socket knows them. */
const openAt = ({ server }: FastifyInstance) =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
const noneAt = (server: FastifyInstance) =>
  waitFor('the server kept the connection', async () => (await openAt(server)) === 0)

describe('a connection whose other side keeps its half open', () => {
  it('is gone soon after it was answered, whatever for', async () => {
    const server = await app.start()
    const refused = [
      [`GET /api/v1/waits?tenant_id=alder HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`, '401'],
      [get('/nowhere', UPGRADE), '404'],
      // No route of streams: answered as if it had not asked.
      [get('/waits', UPGRADE), '200'],
      ['hello?\r\n\r\n', '400'],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, '431'],
      ['CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n', ''],
    ] as const
    const connections = await Promise.all(refused.map(([bytes]) => connectRaw(server.url, bytes)))
    for (const [index, [bytes, status]] of refused.entries()) {
      const { answer } = connections[index] as RawConnection
      await waitFor(`never answered: ${bytes.slice(0, 60)}`, () => status === '' || answer().includes(` ${status} `))
    }
    await noneAt(server.app)
  })

  it('does not keep a server from closing', async () => {
    const server = await app.start()
    const { answer } = await connectRaw(server.url, get('/nowhere', UPGRADE))
    await waitFor('it was never answered', () => answer() !== '')
    await server.app.close()
  })
})

describe('a connection that takes nothing', () => {
  it('of its answer is let go', async () => {
    const server = await app.start({ connections: { stalledMs: 300 } })
    const { socket } = await connectRaw(server.url)
    socket.pause()
    socket.write(get('/long'))
    await waitFor('it never asked', () => server.app.connections.open() === 1 && socket.bytesWritten > 0)
    await noneAt(server.app)
  })

  it('and sends nothing is let go', async () => {
    const server = await app.start({ connections: { stalledMs: 300 } })
    await connectRaw(server.url)
    await noneAt(server.app)
  })

  it('because its answer is not there yet is left alone, however long that takes', async () => {
    const server = await app.start({ connections: { stalledMs: 100 } })
    shut()
    const { answer } = await connectRaw(server.url, get('/waits'))
    await waitFor('it was never asked', () => gate.waiting === 1)
    // Another one, which has less to wait for, is let go meanwhile.
    const other = await connectRaw(server.url)
    await waitFor('the silent one stayed', other.isOver)
    gate.open()
    await waitFor('it was never answered', () => answer().includes('waited'))
  })
})

describe('connections', () => {
  const many = async (url: string, count: number) => {
    shut()
    const busy = await Promise.all(Array.from({ length: count }, () => connectRaw(url, get('/waits'))))
    await waitFor('they were never asked', () => gate.waiting === count)
    return busy
  }

  it('from one address are as many as may be; one more is told so', async () => {
    const { url, app: server } = await app.start({ connections: { perAddress: 3 } })
    const busy = await many(url, 3)
    const refused = await connectRaw(url, get('/waits'))
    await waitFor('it was never refused', refused.isOver)
    expect(refused.answer()).toMatch(/^HTTP\/1.1 429 .*retry-after: 5.*"code":"http.too_many_connections"/s)
    expect([server.connections.open(), server.connections.refused()]).toEqual([3, 1])
    gate.open()
    await waitFor('they were never answered', () => busy.every(({ answer }) => answer().includes('waited')))
    expect((await call(`${url}/docs/json`)).status).toBe(200)
  })

  it('of all addresses are as many as may be', async () => {
    const { url } = await app.start({ connections: { max: 2 } })
    await many(url, 2)
    const refused = await connectRaw(url)
    await waitFor('it was never refused', refused.isOver)
    expect(refused.answer()).toMatch(/^HTTP\/1.1 503 .*retry-after: 5.*"code":"http.full"/s)
    gate.open()
  })

  it('on which nothing happens make room for those on which something does, the longest idle first', async () => {
    const { url, app: server } = await app.start({ connections: { max: 3 } })
    const [first, second] = [await connectRaw(url, SILENT), await connectRaw(url)]
    await waitFor('it was never answered', () => first.answer().includes('openapi'))
    const [busy] = await many(url, 1)
    // The first was used after the second came, which has said nothing.
    const newer = await connectRaw(url, SILENT)
    await waitFor('the silent one stayed', second.isOver)
    await waitFor('the new one was never answered', () => newer.answer().includes('openapi'))
    expect([first.isOver(), server.connections.refused()]).toEqual([false, 0])
    gate.open()
    await waitFor('the busy one was never answered', () => busy?.answer().includes('waited'))
  })

  it('behind a proxy are the proxy’s: there requests are counted by the address that it tells', async () => {
    const { url } = await app.start({ connections: { perAddress: 2 }, trustedProxies: 1 })
    shut()
    const from = (address: string) =>
      call(`${url}/api/v1/waits?tenant_id=alder`, { token: ada, headers: { 'x-forwarded-for': address } })
    const underWay = [from('203.0.113.1'), from('203.0.113.1'), from('203.0.113.2')]
    await waitFor('they were never asked', () => gate.waiting === 3)
    expect(await from('203.0.113.1')).toMatchObject({ status: 429, body: { code: 'http.too_many_connections' } })
    gate.open()
    expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await from('203.0.113.1')).status).toBe(200)
  })
})

describe('a server that closes', () => {
  it('cuts off what does not end by itself', async () => {
    const server = await app.start({ connections: { closeWithinMs: 200 } })
    shut()
    const waiting = await connectRaw(server.url, get('/waits'))
    await waitFor('it was never asked', () => gate.waiting === 1)
    const dripping = await connectRaw(server.url, 'POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{')
    await server.app.close()
    await waitFor('they were never cut off', () => waiting.isOver() && dripping.isOver())
    gate.open()
  })
})
