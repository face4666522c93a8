import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ALDER, ada, addThing, ben, testApp, tokenOf } from '../../../test/harness/app.ts'
import { call } from '../../../test/harness/call.ts'
import { sleep } from '../../kernel/abort.ts'
import { reply, TenantQuery, tenantRoute } from './index.ts'

const common = { tag: 'Things', summary: 'A route of this test' } as const
const tenant = { ...common, access: 'thing.write', tenant: 'query', query: z.strictObject(TenantQuery) } as const

const asked: string[] = []

const words = async function* () {
  for (const word of ['one', 'two', 'three', 'four', 'five']) {
    await sleep(60)
    yield `${word} `
  }
}

const app = testApp([
  tenantRoute({
    ...{
      ...tenant,
      operationId: 'getThingsSlow',
      method: 'GET',
      path: '/things/slow',
      live: 'download',
      responses: { 200: z.unknown() },
    },
    handle: async () => reply(200, Readable.from(words()), { 'content-type': 'text/plain' }),
  }),
  tenantRoute({
    ...{
      ...tenant,
      operationId: 'postThingsUpload',
      method: 'POST',
      path: '/things/upload',
      responses: { 200: z.object({ bytes: z.int() }) },
    },
    upload: ['application/x-ndjson'],
    prepare: async ({ request }) => {
      let bytes = 0
      for await (const chunk of request.body as Readable) bytes += (chunk as Buffer).byteLength
      return bytes
    },
    handle: async ({ prepared }) => reply(200, { bytes: prepared }),
  }),
  tenantRoute({
    ...{
      ...tenant,
      operationId: 'postThings',
      method: 'POST',
      path: '/things',
      responses: { 201: z.object({ name: z.string() }) },
    },
    body: z.strictObject({ name: z.string().max(100) }),
    prepare: async ({ body }) => {
      asked.push(body.name)
      if (body.name === 'refused') throw new Error('the other side refuses')
      return body.name.toUpperCase()
    },
    handle: async ({ tx, tenantId, prepared }) => {
      await addThing(tx, tenantId, prepared)
      return reply(201, { name: prepared })
    },
  }),
])

const upload = (token: string, type: string, body: string | Uint8Array | ReadableStream) =>
  fetch(`${app.url}/things/upload?tenant_id=alder`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    body,
    duplex: 'half',
  } as RequestInit)

describe('an upload', () => {
  it('is read as a stream, larger than any other body may be', async () => {
    const parts = Readable.from(Array.from({ length: 24 }, () => Buffer.alloc(131_072, 'x')))
    const answer = await upload(ada, 'application/x-ndjson', Readable.toWeb(parts) as unknown as ReadableStream)
    expect([answer.status, await answer.json()]).toEqual([200, { bytes: 3_145_728 }])
  })

  it.each(['application/json', 'text/plain', 'text/csv'])(
    'of type %s is refused where it is not declared',
    async (type) => {
      expect((await upload(ada, type, '{}')).status).toBe(415)
    },
  )

  it('is not read of somebody who may not', async () => {
    const reader = tokenOf({ id: 'person:eve', tenants: [ALDER], permissions: ['thing.read'] })
    expect((await upload(reader, 'application/x-ndjson', '{}')).status).toBe(403)
  })

  it('is no body that any other route takes', async () => {
    const answer = await call(`${app.url}/things?tenant_id=alder`, {
      ...{ method: 'POST', token: ada, headers: { 'content-type': 'application/x-ndjson' }, body: { name: 'a' } },
    })
    expect(answer.status).toBe(415)
  })
})

describe('what a route prepares', () => {
  const make = (name: string, headers: Record<string, string> = {}) =>
    call(`${app.url}/things?tenant_id=alder`, { method: 'POST', token: ben, body: { name }, headers })

  it('is there when its transaction opens', async () => {
    expect(await make('one')).toMatchObject({ status: 201, body: { name: 'ONE' } })
    expect(await app.things()).toContain('alder: ONE')
  })

  it('keeps the handler from running when it fails', async () => {
    expect((await make('refused')).status).toBe(500)
    expect(await app.things()).not.toContain('alder: REFUSED')
  })

  it('is not prepared again for a repeat', async () => {
    const key = { 'idempotency-key': 'prepare-once' }
    for (const expected of [201, 201]) expect((await make('two', key)).status).toBe(expected)
    expect(asked.filter((name) => name === 'two')).toHaveLength(1)
    expect((await app.things()).filter((thing) => thing === 'alder: TWO')).toHaveLength(1)
  })
})

describe('an answer that takes longer than a request may', () => {
  it('is complete all the same', async () => {
    const { url } = await app.start({ arrival: { requestTimeoutMs: 100 } })
    const address = `${url}/api/v1/things/slow?tenant_id=alder`
    expect(await call(address, { token: ada })).toMatchObject({ status: 200, text: 'one two three four five ' })
    expect(await call(address, { token: ada, method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  })
})
