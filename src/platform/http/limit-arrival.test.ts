import type { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { ada, testApp } from '../../../test/harness/app.ts'
import { connectRaw, type RawConnection } from '../../../test/harness/raw-connection.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { reply, TenantQuery, tenantRoute } from './index.ts'

const route = { tag: 'Things', summary: 'A route of this test', access: 'thing.write', tenant: 'query' } as const
/** Uploads wait for this before they are read. */
const gate = { wasAsked: false, open: () => {}, opened: Promise.resolve() }
const shut = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  Object.assign(gate, { wasAsked: false, open: resolve, opened: promise })
}

const app = testApp([
  tenantRoute({
    ...{ ...route, method: 'POST', operationId: 'postThings', path: '/things', query: z.strictObject(TenantQuery) },
    body: z.strictObject({ name: z.string() }),
    responses: { 200: z.literal('never') },
    handle: async () => reply(200, 'never'),
  }),
  tenantRoute({
    ...{ ...route, method: 'POST', operationId: 'postUpload', path: '/upload', query: z.strictObject(TenantQuery) },
    upload: ['application/x-ndjson'],
    responses: { 200: z.object({ bytes: z.int() }) },
    prepare: async ({ request }) => {
      gate.wasAsked = true
      await gate.opened
      let bytes = 0
      for await (const chunk of request.body as Readable) bytes += (chunk as Buffer).byteLength
      return bytes
    },
    handle: async ({ prepared }) => reply(200, { bytes: prepared }),
  }),
])

const post = (path: string, type: string, length: number, token = ada) =>
  `POST /api/v1${path}?tenant_id=alder HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`
const JSON_TYPE = 'application/json'
const LINES = 'application/x-ndjson'

/** Goes on sending, so that there is always something new and never all of it. */
function drip({ socket }: RawConnection, bytes = ' '): void {
  const dripping = setInterval(() => socket.write(bytes), 50)
  onTestFinished(() => clearInterval(dripping))
}
const noneAt = ({ server }: FastifyInstance) =>
  waitFor(
    'the server kept the connection',
    () => new Promise<boolean>((resolve) => server.getConnections((_error, count) => resolve(count === 0))),
  )

describe('a body that does not arrive', () => {
  it('ends with 408, and its connection with it', async () => {
    const server = await app.start({ arrival: { requestTimeoutMs: 200 } })
    const slow = await connectRaw(server.url, `${post('/things', JSON_TYPE, 100)}{"na`)
    await waitFor('it was never answered', slow.isOver)
    expect(slow.answer()).toMatch(/^HTTP\/1.1 408 .*http.request_timeout/s)
    await noneAt(server.app)
  })

  it('ends soon after it was refused, on any route, though it goes on dripping', async () => {
    const server = await app.start()
    const refused = [
      [post('/things', JSON_TYPE, 100_000, 'nobody'), 401],
      [post('/nowhere', JSON_TYPE, 100_000), 404],
      [post('/things', JSON_TYPE, 100_000_000), 413],
      [post('/things', 'text/plain', 100_000), 415],
      [post('/upload', LINES, 100_000, 'nobody'), 401],
      [post('/upload', JSON_TYPE, 100_000), 415],
    ] as const
    for (const [bytes, status] of refused) {
      const slow = await connectRaw(server.url, bytes)
      drip(slow)
      await waitFor(`it was never answered with ${status}`, () => slow.answer().startsWith(`HTTP/1.1 ${status} `))
    }
    await noneAt(server.app)
  })

  it('does not keep its connection from being used again when it does arrive after all', async () => {
    const server = await app.start()
    const late = await connectRaw(server.url, `${post('/things', JSON_TYPE, 10, 'nobody')}12345`)
    await waitFor('it was never refused', () => late.answer().startsWith('HTTP/1.1 401 '))
    late.socket.write('67890GET /docs/json HTTP/1.1\r\nHost: x\r\n\r\n')
    await waitFor('the next one was never answered', () => late.answer().includes('HTTP/1.1 200 OK'))
  })
})

describe('an upload', () => {
  const limits = { arrival: { requestTimeoutMs: 200, uploadBytesLeast: 1_000 } }

  it('of which too little arrives is ended with 408', async () => {
    shut()
    gate.open()
    const server = await app.start(limits)
    const slow = await connectRaw(server.url, post('/upload', LINES, 1_000_000))
    drip(slow)
    await waitFor('it was never ended', slow.isOver)
    expect(slow.answer()).toMatch(/^HTTP\/1.1 408 .*http.request_timeout/s)
    await noneAt(server.app)
  })

  it('of which enough arrives, or which waits for us, is not', async () => {
    shut()
    const server = await app.start(limits)
    const length = 3_000_000
    const upload = await connectRaw(server.url, post('/upload', LINES, length))
    upload.socket.write('x'.repeat(length - 1_000))
    await waitFor('it was never asked for', () => gate.wasAsked)
    // Of two that dripped at the same time the later one is over.
    const slow = await connectRaw(server.url, post('/things', JSON_TYPE, 100))
    await waitFor('the other one was never ended', slow.isOver)
    const slower = await connectRaw(server.url, post('/things', JSON_TYPE, 100))
    await waitFor('the other one was never ended', slower.isOver)
    gate.open()
    upload.socket.write('x'.repeat(1_000))
    await waitFor('it was never answered', () => upload.answer() !== '')
    expect(upload.answer()).toContain(`{"bytes":${length}}`)
  })
})
