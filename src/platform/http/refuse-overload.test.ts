import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { ALDER, ada, BIRCH, testApp, tokenOf } from '../../../test/harness/app.ts'
import { type Answer, call } from '../../../test/harness/call.ts'
import { silent } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { platformRoute, reply, TenantQuery, tenantRoute } from './index.ts'

const about = { tag: 'Things', summary: 'A route of this test' } as const
const routes = [
  tenantRoute({
    ...{ ...about, operationId: 'getAsleep', method: 'GET', path: '/asleep', access: 'thing.read', tenant: 'query' },
    query: z.strictObject(TenantQuery),
    responses: { 200: z.string() },
    handle: async ({ tx }) => {
      await sql`select pg_sleep(600)`.execute(tx)
      return reply(200, 'awake')
    },
  }),
  tenantRoute({
    ...{ ...about, operationId: 'beAwake', method: 'GET', path: '/awake', access: 'thing.read', tenant: 'query' },
    query: z.strictObject(TenantQuery),
    responses: { 200: z.string() },
    handle: async ({ tx }) => {
      await sql`select 1`.execute(tx)
      return reply(200, 'awake')
    },
  }),
]
const rootRoutes = [
  platformRoute({
    ...{ ...about, operationId: 'getOutside', method: 'GET', path: '/outside', access: 'public' },
    responses: { 200: z.string() },
    handle: async () => reply(200, 'here'),
  }),
]
const app = testApp(routes)

/** A server on a pool of so many connections with these limits. */
async function start(
  limits: { connectMs: number; statementMs: number; answerMs: number },
  max = 1,
): Promise<{ url: string; database: Database }> {
  const database = openDatabase({ url: app.db.url, max, logger: silent, limits })
  onTestFinished(() => database.close())
  const { url } = await app.start({ database, rootRoutes })
  return { url, database }
}
const asleep = (url: string) => call(`${url}/api/v1/asleep?tenant_id=alder`, { token: ada })
const told = ({ status, body, headers }: Answer) => [status, body.code, headers.get('retry-after')]

describe('requests that wait for a connection', () => {
  it('are refused when twenty for each connection wait already, and told to come again; the root is answered', async () => {
    const { url } = await start({ connectMs: 4_000, statementMs: 4_000, answerMs: 60_000 })
    const all = Array.from({ length: 60 }, () => asleep(url))
    // Refused at once, long before the first statement has timed out.
    expect(told(await Promise.race(all))).toEqual([503, 'http.overloaded', '1'])
    expect((await call(`${url}/outside`)).status).toBe(200)
    await Promise.all(all)
  })

  it('are answered when their time is up, though the connection is not given back', async () => {
    const { url } = await start({ connectMs: 300, statementMs: 3_000, answerMs: 60_000 })
    const [, ...waiting] = [asleep(url), asleep(url), asleep(url)]
    expect((await Promise.all(waiting)).map(told)).toEqual(waiting.map(() => [503, 'database.unavailable', '5']))
  })
})

describe('a flood of one tenant', () => {
  const only = (id: string, tenant: TenantId) => tokenOf({ id, tenants: [tenant], permissions: ['thing.read'] })
  const flooding = only('key:flooding', ALDER)
  const quiet = only('key:quiet', BIRCH)
  const FLOOD = 300

  it('costs nobody else an answer: none of another tenant’s requests is refused or has to wait for it', async () => {
    const { url } = await start({ connectMs: 60_000, statementMs: 60_000, answerMs: 60_000 }, 4)
    const gone = new AbortController()
    const flood = Array.from({ length: FLOOD }, () =>
      call(`${url}/api/v1/asleep?tenant_id=alder`, { token: flooding, signal: gone.signal }).catch(() => undefined),
    )
    // It has what it can have: nothing of it ends before its caller goes away, and what is too much has been refused.
    expect(told((await Promise.race(flood)) as Answer)).toEqual([503, 'http.overloaded', '1'])
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => call(`${url}/api/v1/awake?tenant_id=birch`, { token: quiet })),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    gone.abort()
    await app.asSuperuser(`select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%'
      and pid <> pg_backend_pid()`)
    await Promise.all(flood)
  })
})

describe('a request whose statement does not end', () => {
  it.each([
    ['the server ends it', { connectMs: 10_000, statementMs: 300, answerMs: 60_000 }],
    ['the server does not either', { connectMs: 10_000, statementMs: 60_000, answerMs: 300 }],
  ])('is answered 503 when %s, and the next one gets a connection', async (_who, limits) => {
    const { url, database } = await start(limits)
    expect(told(await asleep(url))).toEqual([503, 'database.unavailable', '5'])
    // Its own limits are as short: a slow machine may need more than one try.
    const ping = await waitFor('nobody got a connection', () =>
      database.acrossTenants('of this test', (tx) => sql`select 1 as one`.execute(tx)),
    )
    expect(ping.rows).toEqual([{ one: 1 }])
  })
})
