import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ada, addThing, ben, operator, testApp } from '../../../../test/harness/app.ts'
import { call } from '../../../../test/harness/call.ts'
import { removeOld } from '../../../../test/harness/remove-old.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import {
  httpRetention,
  IDEMPOTENCY_KEEP_HOURS,
  reply,
  systemRoute,
  TenantIdField,
  TenantQuery,
  tenantRoute,
} from '../index.ts'

/** What the handlers do besides adding a thing, set by a test for its own requests. */
const behaviour = { wait: async () => {}, breakOnce: false }
beforeEach(() => {
  behaviour.wait = async () => {}
})

const Thing = z.strictObject({ name: z.string().max(50), note: z.string().default('none') })
const Made = z.strictObject({ thing_id: z.int(), name: z.string() })
const common = { tag: 'Things', summary: 'A route of this test' }
const tenant = { ...common, access: 'thing.write', tenant: 'query', query: z.strictObject(TenantQuery) } as const

const app = testApp([
  tenantRoute({
    ...{ ...tenant, operationId: 'postThings', method: 'POST', path: '/things', body: Thing, responses: { 201: Made } },
    handle: async ({ tx, tenantId, body }) => {
      const id = await addThing(tx, tenantId, body.name)
      await behaviour.wait()
      if (behaviour.breakOnce) {
        behaviour.breakOnce = false
        throw new Error('broken in the middle')
      }
      return reply(201, { thing_id: id, name: body.name }, { location: `/things/${id}`, 'x-thing': ['a', 'b'] })
    },
  }),
  tenantRoute({
    ...{ ...tenant, operationId: 'deleteThings', method: 'DELETE', path: '/things', responses: { 204: z.undefined() } },
    handle: async ({ tx, tenantId }) => {
      await addThing(tx, tenantId, 'a trace of DELETE')
      return reply(204)
    },
  }),
  tenantRoute({
    ...{
      ...tenant,
      operationId: 'postSecrets',
      method: 'POST',
      path: '/secrets',
      body: Thing,
      responses: { 201: Made },
      answer: 'secret',
    },
    handle: async ({ tx, tenantId, body }) =>
      reply(201, { thing_id: await addThing(tx, tenantId, body.name), name: 'shown once' }),
  }),
  systemRoute({
    ...{
      ...common,
      operationId: 'postSystemThings',
      method: 'POST',
      path: '/system-things',
      access: 'operator',
      acrossTenants: 'a test',
    },
    body: z.strictObject({ tenant_id: TenantIdField }),
    responses: { 201: Made },
    handle: async ({ tx, body }) => reply(201, { thing_id: await addThing(tx, body.tenant_id, 'system'), name: 's' }),
  }),
])

let keys = 0
/** A key that no other test uses. */
const freshKey = () => `key-${++keys}`

type Request = { key?: string; body?: unknown; token?: string; tenant?: string; method?: string }
const send = (path: string, { key, body = { name: 'one' }, token = ada, tenant = 'alder', method = 'POST' }: Request) =>
  call(`${app.url}${path}?tenant_id=${tenant}`, {
    ...{ method, token, body: method === 'DELETE' ? undefined : body },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  })
const added = async (work: () => Promise<unknown>) => {
  const before = await app.things()
  await work()
  return (await app.things()).slice(before.length)
}

describe('the same Idempotency-Key and the same request', () => {
  it('gets the first answer again, status, headers and body, and nothing is done twice', async () => {
    const key = freshKey()
    const first = await send('/things', { key })
    expect(first.status).toBe(201)
    const made = await added(async () => {
      const second = await send('/things', { key })
      expect([second.status, second.body]).toEqual([first.status, first.body])
      for (const name of ['location', 'x-thing', 'content-type'])
        expect(second.headers.get(name)).toBe(first.headers.get(name))
      expect(second.headers.get('idempotent-replay')).toBe('true')
      expect(first.headers.get('idempotent-replay')).toBeNull()
    })
    expect(made).toEqual([])
  })

  it('is recognised when the members of its body stand in another order or a default is spelled out', async () => {
    const key = freshKey()
    const first = await send('/things', { key, body: '{"name":"same","note":"none"}' })
    for (const body of ['{"note":"none","name":"same"}', '{"name":"same"}']) {
      expect((await send('/things', { key, body })).body).toEqual(first.body)
    }
  })

  it('gets an answer without a body again', async () => {
    const key = freshKey()
    const made = await added(async () => {
      for (const replay of [null, 'true']) {
        const answer = await send('/things', { key, method: 'DELETE' })
        expect([answer.status, answer.text, answer.headers.get('idempotent-replay')]).toEqual([204, '', replay])
      }
    })
    expect(made).toHaveLength(1)
  })

  it('is told 409 while the first one is under way, and gets its answer afterwards', async () => {
    const key = freshKey()
    const goOn = Promise.withResolvers<void>()
    let isUnderWay = false
    behaviour.wait = () => {
      isUnderWay = true
      return goOn.promise
    }
    const first = send('/things', { key })
    await waitFor('the first request never came to the handler', () => isUnderWay)
    const second = await send('/things', { key })
    expect([second.status, second.body.code, second.headers.get('retry-after')]).toEqual([
      ...[409, 'idempotency.in_flight', '1'],
    ])
    goOn.resolve()
    expect((await first).status).toBe(201)
    expect((await send('/things', { key })).body).toEqual((await first).body)
  })

  it('starts afresh when the first one broke: neither effect nor record was left', async () => {
    const key = freshKey()
    behaviour.breakOnce = true
    const made = await added(async () => {
      expect((await send('/things', { key })).status).toBe(500)
      const second = await send('/things', { key })
      expect([second.status, second.headers.get('idempotent-replay')]).toEqual([201, null])
    })
    expect(made).toEqual(['alder: one'])
  })

  it('is told 409 when the answer held a secret, which is not kept', async () => {
    const key = freshKey()
    const made = await added(async () => {
      expect((await send('/secrets', { key })).status).toBe(201)
      const second = await send('/secrets', { key })
      expect([second.status, second.body.code]).toEqual([409, 'idempotency.answer_not_kept'])
    })
    expect(made).toHaveLength(1)
    const { rows } = await app.asSuperuser(`select body from idempotency_keys where key = '${key}'`)
    expect(rows).toEqual([{ body: null }])
  })

  it('is remembered for the operator’s requests about no tenant too', async () => {
    const key = freshKey()
    const request = {
      method: 'POST',
      token: operator,
      body: { tenant_id: 'alder' },
      headers: { 'idempotency-key': key },
    }
    const made = await added(async () => {
      const first = await call(`${app.url}/system-things`, request)
      const second = await call(`${app.url}/system-things`, request)
      expect([second.status, second.body]).toEqual([201, first.body])
    })
    expect(made).toHaveLength(1)
  })
})

describe('the same Idempotency-Key', () => {
  it('with another body, another query or another method is 422', async () => {
    const key = freshKey()
    await send('/things', { key })
    const made = await added(async () => {
      for (const other of [
        await send('/things', { key, body: { name: 'two' } }),
        await send('/secrets', { key }),
        await send('/things', { key, method: 'DELETE' }),
      ]) {
        expect([other.status, other.body.code]).toEqual([422, 'idempotency.key_reused'])
      }
    })
    expect(made).toEqual([])
  })

  it('of another caller, or of the same caller in another tenant, is another key', async () => {
    const key = freshKey()
    const made = await added(async () => {
      for (const who of [{ token: ada }, { token: ben }, { tenant: 'birch' }]) {
        const answer = await send('/things', { key, ...who })
        expect([answer.status, answer.headers.get('idempotent-replay')]).toEqual([201, null])
      }
    })
    expect(made).toEqual(['alder: one', 'alder: one', 'birch: one'])
  })

  it('is forgotten after its time', async () => {
    const key = freshKey()
    await send('/things', { key })
    const age = (hours: number) =>
      app.asSuperuser(`update idempotency_keys set created_at = now() - interval '${hours} hours' where key = '${key}'`)
    const forget = () => removeOld(app.db.database, httpRetention)
    await age(IDEMPOTENCY_KEEP_HOURS - 1)
    expect(await forget()).toBe(0)
    await age(IDEMPOTENCY_KEEP_HOURS + 1)
    expect(await forget()).toBe(1)
    expect((await send('/things', { key })).headers.get('idempotent-replay')).toBeNull()
  })
})

describe('an Idempotency-Key', () => {
  it.each([
    ['is longer than 255 characters', 'k'.repeat(256)],
    ['has a blank in it', 'two words'],
    ['is not ASCII', 'schl\u00fcssel'],
    ['is empty', ''],
  ])('that %s is 422 and names the header', async (_what, key) => {
    const made = await added(async () => {
      const answer = await send('/things', { key })
      expect([answer.status, answer.body.errors]).toEqual([
        422,
        [expect.objectContaining({ in: 'header', field: 'Idempotency-Key' })],
      ])
    })
    expect(made).toEqual([])
  })

  it('is not needed: without one every request is done', async () => {
    const made = await added(async () => {
      for (const _ of [1, 2]) expect((await send('/things', {})).status).toBe(201)
    })
    expect(made).toHaveLength(2)
  })
})
