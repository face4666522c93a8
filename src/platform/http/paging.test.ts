import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ALDER, ada, addThing, BIRCH, testApp } from '../../../test/harness/app.ts'
import { call } from '../../../test/harness/call.ts'
import {
  decodeCursor,
  encodeCursor,
  linkHeader,
  PAGE_LIMIT_MAX,
  PageQuery,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from './index.ts'

type Thing = { id: number; name: string }
type ThingsPage = { things: Thing[]; next_cursor: string | null }

const app = testApp([
  tenantRoute({
    ...{
      operationId: 'getThings',
      method: 'GET',
      path: '/things',
      tag: 'Things',
      summary: 'Things by name, newest first',
    },
    ...{ access: 'thing.read', tenant: 'query' },
    query: z.strictObject({ ...TenantQuery, ...PageQuery }),
    responses: {
      200: z.object({
        things: z.array(z.object({ id: z.int(), name: z.string() })),
        next_cursor: z.string().nullable(),
      }),
    },
    handle: async ({ tx, query, request }) => {
      const [name, id] = decodeCursor(query.cursor, z.tuple([z.string(), z.int()])) ?? [null, null]
      const { rows } = await sql<Thing>`
        select thing_id as id, name from things
        where ${name}::text is null or (name, thing_id) < (${name}, ${id})
        order by name desc, thing_id desc limit ${query.limit + 1}`.execute(tx)
      const page = toPage(rows, query.limit, (thing) => [thing.name, thing.id])
      const body = { things: page.rows, next_cursor: page.nextCursor }
      return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
    },
  }),
])

const add = (names: readonly string[], tenant = ALDER) =>
  app.db.database.withTenant(tenant, async (tx) => {
    for (const name of names) await addThing(tx, tenant, name)
  })
beforeEach(async () => {
  await app.asSuperuser('truncate things')
})

const get = (address: string) => call<ThingsPage>(new URL(address, app.url).href, { token: ada })
const first = (limit: number) => get(`/api/v1/things?tenant_id=alder&limit=${limit}`)
const nextOf = (headers: Headers) => /^<(?<url>[^>]+)>; rel="next"$/.exec(headers.get('link') ?? '')?.groups?.url

/** Follows the Link headers to the end; `between` runs after each page. */
async function walk(limit: number, between: (page: number) => Promise<unknown> = async () => {}): Promise<Thing[]> {
  const seen: Thing[] = []
  let page = await first(limit)
  for (let count = 1; ; count += 1) {
    expect(page.status).toBe(200)
    expect(page.body.things.length).toBeLessThanOrEqual(limit)
    seen.push(...page.body.things)
    const next = nextOf(page.headers)
    expect(next === undefined).toBe(page.body.next_cursor === null)
    if (next === undefined) return seen
    await between(count)
    page = await get(next)
  }
}

describe('a walk along the Link headers', () => {
  it.each([
    { things: 0, limit: 3 },
    { things: 3, limit: 3 },
    { things: 4, limit: 3 },
    { things: 9, limit: 3 },
    { things: 7, limit: 1 },
    { things: 5, limit: PAGE_LIMIT_MAX },
  ])('visits each of $things things once, $limit at a time', async ({ things, limit }) => {
    // Names repeat, so that only the id tells some of them apart.
    await add(Array.from({ length: things }, (_, n) => `name ${n % 2}`))
    await add(['not ours'], BIRCH)
    const seen = await walk(limit)
    expect(new Set(seen.map(({ id }) => id)).size).toBe(things)
    expect(seen).toHaveLength(things)
  })

  it('visits what was there at its start exactly once while others add before and after its place', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `m${String(n).padStart(2, '0')}`)
    await add(names)
    const seen = await walk(3, (page) => add([`z${page}`, `a${page}`, `m${page}`]))
    const visits = names.map((name) => seen.filter((thing) => thing.name === name).length)
    expect(visits).toEqual(names.map(() => 1))
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
  })

  it('keeps every other parameter of the request, at the address it was sent to', async () => {
    await add(['a', 'b', 'c'])
    const page = await first(2)
    const next = new URL(nextOf(page.headers) ?? '', app.url)
    expect(next.pathname).toBe('/api/v1/things')
    expect(Object.fromEntries(next.searchParams)).toEqual({
      ...{ tenant_id: 'alder', limit: '2', cursor: page.body.next_cursor },
    })
  })
})

describe('a list', () => {
  it('has pages of 50 when nobody asks for another size', async () => {
    await add(Array.from({ length: 51 }, (_, n) => `${n}`))
    const page = await get('/api/v1/things?tenant_id=alder')
    expect(page.body.things).toHaveLength(50)
    expect(page.body.next_cursor).not.toBeNull()
  })

  it.each(['0', '-1', String(PAGE_LIMIT_MAX + 1), '1.5', 'many', '', 'NaN', 'Infinity'])(
    'refuses the page size "%s"',
    async (limit) => {
      const answer = await call(`${app.url}/things?tenant_id=alder&limit=${encodeURIComponent(limit)}`, { token: ada })
      expect([answer.status, answer.body.errors]).toEqual([422, [expect.objectContaining({ field: 'limit' })]])
    },
  )

  it.each([
    ['nonsense', '!!!!'],
    ['empty', ''],
    ['too long', 'a'.repeat(1_001)],
    ['not JSON', Buffer.from('[1,').toString('base64url')],
    ['of another list', encodeCursor(['0198b3b2-7d2a-7bb2-b0c0-1b2a3c4d5e6f'])],
    ['with a value of another type', encodeCursor(['name', 'id'])],
    ['with a value too many', encodeCursor(['name', 1, 'more'])],
    ['an object', Buffer.from('{"0":"name","1":1}').toString('base64url')],
    ['with a character that PostgreSQL cannot hold', encodeCursor(['\0', 1])],
    ['with half a character', Buffer.from('["\\ud800",1]').toString('base64url')],
  ])('refuses a cursor that is %s', async (_what, cursor) => {
    await add(['a'])
    const answer = await call(`${app.url}/things?tenant_id=alder&cursor=${encodeURIComponent(cursor)}`, { token: ada })
    expect([answer.status, answer.body.code]).toEqual([422, 'http.invalid'])
    expect(answer.body.errors).toEqual([expect.objectContaining({ in: 'query', field: 'cursor' })])
  })
})
