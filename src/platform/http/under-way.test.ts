import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ada, addThing, testApp } from '../../../test/harness/app.ts'
import { call } from '../../../test/harness/call.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { abortable } from '../../kernel/abort.ts'
import { reply, TenantQuery, tenantRoute } from './index.ts'

/** Lets the handler of a test wait, and the test know that it does. */
const gate = { isWaiting: false, open: () => {}, signal: AbortSignal.abort() }

const tenant = { tag: 'Things', summary: 'A route of this test', access: 'thing.write', tenant: 'query' } as const
const app = testApp([
  tenantRoute({
    ...{ ...tenant, operationId: 'postSlow', method: 'POST', path: '/slow', query: z.strictObject(TenantQuery) },
    responses: { 201: z.literal('made') },
    handle: async ({ tx, tenantId, signal }) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      Object.assign(gate, { isWaiting: true, open: resolve, signal })
      await addThing(tx, tenantId, 'slow')
      await abortable(promise, signal).finally(() => {
        gate.isWaiting = false
      })
      return reply(201, 'made')
    },
  }),
])
const slow = (url: string, options: { signal?: AbortSignal } = {}) =>
  call(`${url}/slow?tenant_id=alder`, { method: 'POST', token: ada, ...options })
const isWaiting = () => waitFor('the request never came to its handler', () => gate.isWaiting)

const takesNoConnection = (url: string) =>
  waitFor('the server went on taking connections', () =>
    fetch(url).then(
      () => false,
      () => true,
    ),
  )

describe('a server that closes', () => {
  it('finishes the request under way and takes no new connection', async () => {
    const server = await app.start()
    const before = await app.things()
    const underWay = slow(`${server.url}/api/v1`)
    await isWaiting()
    const closed = server.app.close()
    await takesNoConnection(server.url)
    gate.open()
    expect((await underWay).status).toBe(201)
    await closed
    expect(await app.things()).toHaveLength(before.length + 1)
  })

  it('sends a request that is still arriving to another process, with a problem document', async () => {
    const server = await app.start()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    const answer = text(socket)
    socket.write('GET /api/v1/nowhere HTTP/1.1\r\nHost: signalbox\r\n')
    const underWay = slow(`${server.url}/api/v1`)
    await isWaiting()
    const closed = server.app.close()
    await takesNoConnection(server.url)
    socket.write('\r\n')
    expect(await answer).toMatch(/^HTTP\/1.1 503 .*application\/problem\+json.*"code":"http.draining"/s)
    gate.open()
    expect((await underWay).status).toBe(201)
    await closed
  })
})

describe('a server that closes while somebody has connected and says nothing', () => {
  it('does not wait for them', async () => {
    const server = await app.start()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    const over = once(socket, 'close')
    socket.on('error', () => {})
    // Answered after the silent one was taken.
    await fetch(`${server.url}/docs/json`)
    await server.app.close()
    await over
  })
})

describe('a caller that goes away', () => {
  it('reaches the handler through its signal; nothing is stored', async () => {
    const before = await app.things()
    const leaving = new AbortController()
    const asked = slow(app.url, { signal: leaving.signal })
    await isWaiting()
    expect(gate.signal.aborted).toBe(false)
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await waitFor('the handler was never told', () => gate.signal.aborted && !gate.isWaiting)
    expect(await app.things()).toEqual(before)
  })

  it('is not what an answered request looks like', async () => {
    const asked = slow(app.url)
    await isWaiting()
    gate.open()
    expect((await asked).status).toBe(201)
    expect(gate.signal.aborted).toBe(false)
  })
})
