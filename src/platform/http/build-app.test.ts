import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ALDER, ada, addThing, ben, testApp, tokenOf } from '../../../test/harness/app.ts'
import { type Answer, call } from '../../../test/harness/call.ts'
import { silent } from '../../../test/harness/database.ts'
import { openDatabase } from '../database/index.ts'
import { platformRoute, reply, TenantQuery, tenantRoute } from './index.ts'

const SECRET = 'the-password-is-swordfish'
const common = { tag: 'Things', summary: 'A route of this test' }
const tenant = { ...common, access: 'thing.read', tenant: 'query', query: z.strictObject(TenantQuery) } as const

const app = testApp([
  platformRoute({
    ...{
      ...common,
      operationId: 'getOpen',
      method: 'GET',
      path: '/open',
      access: 'public',
      responses: { 200: z.literal('open') },
    },
    handle: async () => reply(200, 'open'),
  }),
  tenantRoute({
    ...{ ...tenant, operationId: 'getThings', method: 'GET', path: '/things', responses: { 200: z.literal('things') } },
    handle: async () => reply(200, 'things'),
  }),
  tenantRoute({
    ...{ ...tenant, operationId: 'getWriting', method: 'GET', path: '/writing', responses: { 200: z.null() } },
    handle: async ({ tx, tenantId }) => {
      await addThing(tx, tenantId, 'written by a GET')
      return reply(200, null)
    },
  }),
  tenantRoute({
    ...{ ...tenant, operationId: 'getBroken', method: 'GET', path: '/broken', responses: { 200: z.null() } },
    handle: async () => {
      throw new Error(SECRET)
    },
  }),
  tenantRoute({
    ...{
      ...tenant,
      operationId: 'getMisfit',
      method: 'GET',
      path: '/misfit',
      responses: { 200: z.strictObject({ name: z.string().max(3) }) },
    },
    handle: async () => reply(200, { name: SECRET }),
  }),
  tenantRoute({
    ...{ ...tenant, operationId: 'getCut', method: 'GET', path: '/cut', responses: { 200: z.null() } },
    handle: async ({ tx }) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
      await app.asSuperuser(`select pg_terminate_backend(${rows[0]?.pid})`)
      await sql`select 1`.execute(tx)
      return reply(200, null)
    },
  }),
])

const things = (token: string, url = app.url) => call(`${url}/things?tenant_id=alder`, { token })
const PROBLEM = 'application/problem+json'

describe('the request id', () => {
  it('is new for each request, in the header and in the problem', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => call(`${app.url}/nowhere`)))
    for (const { headers, body } of answers) expect(body.request_id).toBe(headers.get('x-request-id'))
    expect(new Set(answers.map(({ body }) => body.request_id)).size).toBe(5)
  })

  it('is the caller’s own when that is harmless, also in the log', async () => {
    const id = 'order-4711:retry.2'
    const { headers } = await call(`${app.url}/open`, { headers: { 'x-request-id': id } })
    expect(headers.get('x-request-id')).toBe(id)
    expect(app.logLines.some((line) => line.includes(`"request_id":"${id}"`))).toBe(true)
  })

  it.each(['short', 'x'.repeat(129), 'with blanks in it', '"},{"level":"fatal"'])(
    'is not the caller’s %s',
    async (id) => {
      const { headers } = await call(`${app.url}/open`, { headers: { 'x-request-id': id } })
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    },
  )
})

describe('every answer', () => {
  it.each([
    ['a good one', '/open', undefined, 200],
    ['401', '/things?tenant_id=alder', undefined, 401],
    ['403', '/things?tenant_id=alder', tokenOf({ id: 'person:eve', tenants: [ALDER], permissions: [] }), 403],
    ['404', '/nowhere', undefined, 404],
    ['422', '/things', ada, 422],
    ['500', '/broken?tenant_id=alder', ada, 500],
  ])('has the security headers: %s', async (_what, path, token, status) => {
    const answer = await call(`${app.url}${path}`, token ? { token } : {})
    expect(answer.status).toBe(status)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': expect.stringContaining('max-age='),
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
    expect(answer.headers.get('x-powered-by')).toBeNull()
  })
})

describe('CORS', () => {
  const from = (origin: string, method = 'GET') => ({
    method,
    headers: { origin, ...(method === 'OPTIONS' ? { 'access-control-request-method': 'DELETE' } : {}) },
  })

  it('is off by default', async () => {
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await call(`${app.url}/open`, from('https://console.example', method))
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  it('lets the configured origins in, with cookies, and nobody else', async () => {
    const { url } = await app.start({ corsOrigins: ['https://console.example'] })
    const asked = (origin: string, method?: string) => call(`${url}/api/v1/open`, from(origin, method))
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await asked('https://console.example', method)
      expect(headers.get('access-control-allow-origin')).toBe('https://console.example')
      expect(headers.get('access-control-allow-credentials')).toBe('true')
    }
    expect((await asked('https://console.example', 'OPTIONS')).headers.get('access-control-allow-methods')).toMatch(
      /DELETE/,
    )
    const foreign = await asked('https://evil.example')
    expect(foreign.headers.get('access-control-allow-origin')).not.toBe('https://evil.example')
  })
})

describe('the rate limit', () => {
  const LIMIT = 3
  const exhaust = async (ask: () => Promise<{ status: number }>) => {
    for (let n = 0; n < LIMIT; n += 1) expect((await ask()).status).not.toBe(429)
  }

  it('answers 429 with Retry-After to a caller over it, and lets others go on', async () => {
    const url = `${(await app.start({ requestsPerMinute: LIMIT })).url}/api/v1`
    await exhaust(() => things(ada, url))
    const refused = await things(ada, url)
    expect([refused.status, refused.body.code, refused.headers.get('content-type')]).toEqual([
      ...[429, 'http.too_many_requests', expect.stringContaining(PROBLEM)],
    ])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect((await things(ben, url)).status).toBe(200)
  })

  it.each([
    ['requests without credentials', '/things?tenant_id=alder', {}],
    ['requests to public routes', '/open', {}],
    ['wrong credentials, which may change each time', '/things?tenant_id=alder', { token: 'wrong' }],
    ['addresses where nothing is', '/nowhere', {}],
  ])('counts %s against the address', async (_what, path, options) => {
    const url = `${(await app.start({ requestsPerMinute: LIMIT })).url}/api/v1`
    let guess = 0
    const ask = () => call(`${url}${path}`, 'token' in options ? { token: `${options.token}-${++guess}` } : {})
    await exhaust(ask)
    expect((await ask()).status).toBe(429)
    expect((await things(ada, url)).status).toBe(200)
  })
})

describe('what nobody foresaw', () => {
  it.each([
    ['an unexpected error', '/broken', 'http.internal'],
    ['an answer that does not fit its schema', '/misfit', 'http.internal'],
  ])('%s answers 500 and keeps its message to itself', async (_what, path, code) => {
    const answer = await call(`${app.url}${path}?tenant_id=alder`, { token: ada })
    expect([answer.status, answer.body.code, answer.headers.get('content-type')]).toEqual([
      ...[500, code, expect.stringContaining(PROBLEM)],
    ])
    expect(answer.text).not.toContain(SECRET)
    expect(answer.text).not.toMatch(/node_modules|\.ts:/)
  })

  it('is in the log with its stack, under the id that the caller was given', async () => {
    const { body } = await call(`${app.url}/broken?tenant_id=alder`, { token: ada })
    const logged = app.logLines.find(
      (line) => line.includes(`"request_id":"${body.request_id}"`) && line.includes('"err"'),
    )
    expect(logged).toContain(SECRET)
  })
})

describe('a GET', () => {
  it('cannot write: PostgreSQL refuses it', async () => {
    expect((await call(`${app.url}/writing?tenant_id=alder`, { token: ada })).status).toBe(500)
    expect(await app.things()).toEqual([])
  })
})

describe('a database', () => {
  const unavailable = (answer: Answer) => {
    expect([answer.status, answer.body.code, answer.headers.get('content-type')]).toEqual([
      ...[503, 'database.unavailable', expect.stringContaining(PROBLEM)],
    ])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  }

  it('that is not there answers 503 with Retry-After', async () => {
    // Nothing listens on port 1.
    const gone = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing', max: 1, logger: silent })
    const { url } = await app.start({ database: gone })
    unavailable(await things(ada, `${url}/api/v1`))
    await gone.close()
  })

  it('that goes away during a request answers 503, and the next request is served', async () => {
    unavailable(await call(`${app.url}/cut?tenant_id=alder`, { token: ada }))
    expect((await things(ada)).status).toBe(200)
  })
})
