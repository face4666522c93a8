import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ada, testApp } from '../../../test/harness/app.ts'
import { call } from '../../../test/harness/call.ts'
import { reply, TenantQuery, tenantRoute } from './index.ts'
import { JSON_BODY_BOUNDS } from './read-json.ts'

const { depth, members, nameCharacters } = JSON_BODY_BOUNDS

const app = testApp([
  tenantRoute({
    ...{
      operationId: 'postAnything',
      method: 'POST',
      path: '/anything',
      tag: 'Things',
      summary: 'Takes whatever is JSON',
      access: 'thing.write',
    },
    ...{ tenant: 'query', query: z.strictObject(TenantQuery), body: z.record(z.string(), z.unknown()) },
    responses: { 200: z.object({ names: z.int() }) },
    handle: async ({ body }) => reply(200, { names: Object.keys(body).length }),
  }),
])

const send = (body: string) =>
  call(`${app.url}/anything?tenant_id=alder`, {
    ...{ method: 'POST', token: ada, body, headers: { 'idempotency-key': crypto.randomUUID() } },
  })

const nested = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
const wide = (names: number) => `{${Array.from({ length: names }, (_, n) => `"n${n}":0`).join()}}`
const listed = (elements: number) => `{"a":[${Array.from({ length: elements }, () => '0').join()}]}`
const named = (characters: number) => `{"${'n'.repeat(characters)}":0}`

describe('a JSON body', () => {
  it.each([
    ['levels', 'nested more than 64', nested(depth), nested(depth + 1)],
    ['names', 'more than 20000 members', wide(members), wide(members + 1)],
    ['elements', 'more than 20000 members', listed(members - 1), listed(members)],
    ['characters in a name', 'name of more than 1000', named(nameCharacters), named(nameCharacters + 1)],
  ])('is taken with as many %s as are allowed, and refused with one more', async (_what, complaint, within, past) => {
    expect((await send(within)).status).toBe(200)
    const refused = await send(past)
    expect([refused.status, refused.body.code]).toEqual([422, 'http.json_too_complex'])
    expect(refused.body.detail).toContain(complaint)
    expect(refused.body.errors).toEqual([{ in: 'body', field: '(whole)', message: expect.stringContaining(complaint) }])
  })

  it.each([
    ['60,000 objects in each other', '{"a":'.repeat(60_000)],
    ['500,000 lists in each other', `{"a":${'['.repeat(500_000)}`],
    ['60,000 objects in each other, closed again', nested(60_000)],
    ['80,000 names', wide(80_000)],
  ])('of %s is refused', async (_what, body) => {
    expect((await send(body)).body.code).toBe('http.json_too_complex')
  })

  it.each([
    ['is broken', '{"a":'],
    ['is empty', ''],
    ['names __proto__', '{"__proto__":{}}'],
  ])('that %s is no JSON of ours', async (_what, body) => {
    const { status, body: problem } = await send(body)
    expect([status, problem.code]).toEqual([400, 'http.broken_json'])
  })
})
