import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ada, addThing, testApp } from '../../../../test/harness/app.ts'
import { call } from '../../../../test/harness/call.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { platformRoute, reply, TenantQuery, tenantRoute } from '../index.ts'

/** What left the system, which no transaction takes back. */
const sent: string[] = []
/** What a test lets its own requests do. */
const behaviour = { wait: async () => {}, breakIn: 'nothing' as 'nothing' | 'prepare' | 'handle' }
beforeEach(() => {
  sent.length = 0
  behaviour.wait = async () => {}
  behaviour.breakIn = 'nothing'
})
const send = async (what: string) => {
  sent.push(what)
  await behaviour.wait()
}
const breakIn = (where: typeof behaviour.breakIn) => {
  if (behaviour.breakIn !== where) return
  behaviour.breakIn = 'nothing'
  throw new Error(`broken in ${where}`)
}

const common = { tag: 'Things', summary: 'A route of this test', method: 'POST' } as const
const tenant = { ...common, access: 'thing.write', tenant: 'query', query: z.strictObject(TenantQuery) } as const
const Message = z.strictObject({ text: z.string().max(50) })
const password = z.string().max(100).meta({ format: 'password' })

const app = testApp([
  tenantRoute({
    ...{ ...tenant, operationId: 'sendMessage', path: '/messages', body: Message },
    responses: { 201: z.object({ thing_id: z.int() }) },
    prepare: async ({ body: { text } }) => {
      await send(text)
      breakIn('prepare')
      return text
    },
    handle: async ({ tx, tenantId, prepared }) => {
      const id = await addThing(tx, tenantId, prepared)
      breakIn('handle')
      return reply(201, { thing_id: id })
    },
  }),
  tenantRoute({
    ...{ ...tenant, operationId: 'sendFile', path: '/files', upload: ['text/csv', 'application/x-ndjson'] },
    responses: { 201: z.object({ bytes: z.int() }) },
    prepare: async ({ request }) => {
      let bytes = 0
      for await (const chunk of (request.body as Readable | undefined) ?? []) bytes += (chunk as Buffer).byteLength
      await send(`${bytes} bytes`)
      return bytes
    },
    handle: async ({ tx, tenantId, prepared }) => {
      await addThing(tx, tenantId, `${prepared} bytes`)
      return reply(201, { bytes: prepared })
    },
  }),
  platformRoute({
    ...{ ...common, operationId: 'sendToNobody', path: '/outside', access: 'public', body: Message },
    responses: { 200: z.object({ text: z.string() }) },
    handle: async ({ body: { text } }) => {
      await send(text)
      return reply(200, { text }, { 'set-cookie': 'a=b' })
    },
  }),
  platformRoute({
    ...{ ...common, operationId: 'knock', path: '/door', access: 'public', body: z.strictObject({ password }) },
    responses: { 200: z.object({ token: z.string() }) },
    handle: async ({ body }) => {
      await send(body.password)
      return reply(200, { token: 'let in' }, { 'set-cookie': 'session=let-in' })
    },
  }),
])

const post = (
  path: string,
  key: string,
  body: unknown = { text: 'hello' },
  more: { type?: string; url?: string } = {},
) =>
  call(`${more.url ?? app.url}${path}${['/outside', '/door'].includes(path) ? '' : '?tenant_id=alder'}`, {
    ...{ method: 'POST', token: ada, body },
    headers: { 'idempotency-key': key, ...(more.type === undefined ? {} : { 'content-type': more.type }) },
  })
const told = (answer: Awaited<ReturnType<typeof post>>) => [
  answer.status,
  answer.body.code ?? answer.body,
  answer.headers.get('idempotent-replay'),
]
/** Lets the next request stop where it has sent; resolves when it is there. */
const hold = () => {
  const [there, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  behaviour.wait = () => {
    behaviour.wait = async () => {}
    there.resolve()
    return goOn.promise
  }
  return { isThere: there.promise, goOn: goOn.resolve }
}
const leaseOf = async (key: string) => {
  const { rows } = await app.asSuperuser(
    `select lease_expires_at, status from idempotency_keys where key = '${key}' and lease_expires_at is not null`,
  )
  return rows[0]?.lease_expires_at as Date | undefined
}
const IN_FLIGHT = [409, 'idempotency.in_flight', null]

describe('what leaves the system under an Idempotency-Key', () => {
  it.each([
    ['/messages', { thing_id: expect.any(Number) }, 201],
    ['/outside', { text: 'hello' }, 200],
  ])('leaves once when the request is repeated: %s', async (path, body, status) => {
    const key = randomUUID()
    const first = await post(path, key)
    expect(told(first)).toEqual([status, body, null])
    const second = await post(path, key)
    expect(told(second)).toEqual([status, first.body, 'true'])
    expect(told(await post(path, key, { text: 'other' }))).toEqual([422, 'idempotency.key_reused', null])
    expect(sent).toEqual(['hello'])
  })

  it.each(['/messages', '/outside'])('leaves once when both come at the same time: %s', async (path) => {
    const key = randomUUID()
    const held = hold()
    const first = post(path, key)
    await held.isThere
    for (const body of [{ text: 'hello' }, { text: 'other' }])
      expect(told(await post(path, key, body))).toEqual(IN_FLIGHT)
    held.goOn()
    expect((await first).status).toBeLessThan(300)
    expect(told(await post(path, key))).toEqual([(await first).status, (await first).body, 'true'])
    expect(sent).toEqual(['hello'])
  })

  it.each(['prepare', 'handle'] as const)(
    'leaves again after a failure in %s, which gives the key back',
    async (where) => {
      const key = randomUUID()
      behaviour.breakIn = where
      expect((await post('/messages', key)).status).toBe(500)
      expect(told(await post('/messages', key))).toEqual([201, { thing_id: expect.any(Number) }, null])
      expect(sent).toEqual(['hello', 'hello'])
    },
  )

  it('may leave again when the lease of a process that died is over, and not before', async () => {
    const key = randomUUID()
    const leave = (seconds: number) =>
      app.asSuperuser(
        `insert into idempotency_keys (tenant_id, caller_id, key, owner, lease_expires_at)
         values ('alder', 'person:ada', '${key}', gen_random_uuid(), now() + interval '${seconds} seconds')
         on conflict (tenant_id, caller_id, key) do update set lease_expires_at = excluded.lease_expires_at`,
      )
    await leave(600)
    expect(told(await post('/messages', key))).toEqual(IN_FLIGHT)
    expect(sent).toEqual([])
    await leave(-1)
    expect(told(await post('/messages', key))).toEqual([201, { thing_id: expect.any(Number) }, null])
    expect(sent).toEqual(['hello'])
  })

  it('keeps its key for as long as it takes: the lease is extended', async () => {
    const { url } = await app.start({ keyLeaseSeconds: 3 })
    const key = randomUUID()
    const held = hold()
    const first = post('/messages', key, undefined, { url: `${url}/api/v1` })
    await held.isThere
    const before = await leaseOf(key)
    await waitFor('the lease was never extended', async () => Number(await leaseOf(key)) > Number(before))
    held.goOn()
    expect((await first).status).toBe(201)
  })

  it('has no effect here when its key was lost meanwhile: whoever has it answers', async () => {
    const key = randomUUID()
    const held = hold()
    const first = post('/messages', key, { text: 'lost' })
    await held.isThere
    await app.asSuperuser(`update idempotency_keys set owner = gen_random_uuid() where key = '${key}'`)
    held.goOn()
    expect(told(await first)).toEqual(IN_FLIGHT)
    expect(await app.things()).not.toContain('alder: lost')
    expect(await leaseOf(key)).toBeDefined()
  })
})

describe('an upload under an Idempotency-Key', () => {
  const CSV = { type: 'text/csv' }

  it('is taken once; the same bytes get its answer, others and another type are refused', async () => {
    const key = randomUUID()
    const file = 'x'.repeat(3_000_000)
    const [first, second] = [await post('/files', key, file, CSV), await post('/files', key, file, CSV)]
    expect([told(first), told(second)]).toEqual([
      [201, { bytes: 3_000_000 }, null],
      [201, { bytes: 3_000_000 }, 'true'],
    ])
    const reused = [422, 'idempotency.key_reused', null]
    expect(told(await post('/files', key, `${file.slice(1)}y`, CSV))).toEqual(reused)
    expect(told(await post('/files', key, file, { type: 'application/x-ndjson' }))).toEqual(reused)
    expect(sent).toEqual(['3000000 bytes'])
    expect((await app.things()).filter((name) => name === 'alder: 3000000 bytes')).toHaveLength(1)
  })

  it('is refused while the first one is under way', async () => {
    const key = randomUUID()
    const held = hold()
    const first = post('/files', key, 'x', CSV)
    await held.isThere
    expect(told(await post('/files', key, 'x', CSV))).toEqual(IN_FLIGHT)
    held.goOn()
    expect((await first).status).toBe(201)
  })
})

describe('a password', () => {
  it('leaves no trace under an Idempotency-Key, nor does what it opens', async () => {
    const key = randomUUID()
    const open = (password: string, key: string) => post('/door', key, { password })
    expect((await open('swordfish', key)).status).toBe(200)
    for (const password of ['swordfish', 'other']) {
      expect(told(await open(password, key))).toEqual([409, 'idempotency.answer_not_kept', null])
    }
    expect(sent).toEqual(['swordfish'])
    await open('other', `${key}-2`)
    const { rows } = await app.asSuperuser(
      `select request_hash, headers, body from idempotency_keys where key like '${key}%'`,
    )
    expect(rows).toEqual([rows[0], rows[0]])
    expect(rows[0]).toMatchObject({ headers: {}, body: null })
  })
})
