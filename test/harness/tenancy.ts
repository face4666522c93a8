import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { Client } from 'pg'
import { afterAll, beforeAll, inject } from 'vitest'
import { auditModule } from '../../src/core/audit/index.ts'
import { auditRoutes } from '../../src/core/audit/routes.ts'
import { openMail } from '../../src/core/mail/open-mail.ts'
import { type TenantRole, tenancyModule } from '../../src/core/tenancy/index.ts'
import { openTenancy, type Tenancy } from '../../src/core/tenancy/open-tenancy.ts'
import { createLogger } from '../../src/kernel/logger.ts'
import type { Repetition } from '../../src/kernel/repeat.ts'
import { type TenantId, tenantId } from '../../src/kernel/tenant-id.ts'
import { type Database, openDatabase } from '../../src/platform/database/index.ts'
import { buildApp } from '../../src/platform/http/index.ts'
import { permissionsOf } from '../../src/platform/module/index.ts'
import { sealer } from '../../src/platform/sealing/index.ts'
import { createDatabase, type TestDatabase } from './server.ts'

export const ADMIN_TOKEN = 'the-operator-of-these-tests'
export const PASSWORD = 'correct horse battery'

export type TestMember = { personId: string; email: string; token: string; cookie: string }
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS'
type CallOptions = { token?: string; body?: unknown; headers?: Record<string, string>; remoteAddress?: string }

/** The routes of tenancy and audit on a database of this test file's own, built as production builds them. */
export function testTenancy(
  overrides: {
    publicUrl?: string
    corsOrigins?: string[]
    requestsPerMinute?: number
    /** A mail server, through which what is posted leaves at once. */
    smtpUrl?: string
  } = {},
) {
  const logLines: string[] = []
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void logLines.push(line) } })
  let made: TestDatabase
  let database: Database
  let superuser: Client
  let tenancy: Tenancy
  let sending: Repetition | undefined
  let app: FastifyInstance

  beforeAll(async () => {
    made = await createDatabase(inject('serverUrl'))
    superuser = new Client({ connectionString: made.url })
    await superuser.connect()
    database = openDatabase({ url: made.url, max: 8, logger })
    const permissions = permissionsOf([tenancyModule, auditModule])
    const { smtpUrl, publicUrl, ...others } = overrides
    const smtp = smtpUrl === undefined ? undefined : { url: smtpUrl, from: 'ops@example.com' }
    const mail = openMail({ smtp, publicUrl, database, logger })
    sending = mail.start?.()
    tenancy = await openTenancy({
      ...{ database, databaseUrl: made.url, logger, mail: mail.api, permissions, adminToken: ADMIN_TOKEN },
      ...{ publicUrl, ...others, sealer: sealer({ keys: ['what seals in these tests, 32 letters'] }) },
    })
    app = await buildApp({
      ...{ logger, database, authenticate: tenancy.authenticate, permissions: new Set(Object.keys(permissions)) },
      ...{ routes: [...tenancy.routes, ...auditRoutes()], rootRoutes: [] },
      requestsPerMinute: overrides.requestsPerMinute ?? 100_000,
      ...{ corsOrigins: overrides.corsOrigins, trustedProxies: 0, version: '0.0.0' },
    })
  })

  afterAll(async () => {
    await sending?.stop()
    await app?.close()
    await tenancy?.close()
    await database?.close()
    await superuser?.end()
    await made?.drop()
  })

  /** Calls `/api/v1<path>`; a body that is not a string is sent as JSON. */
  const call = (method: Method, path: string, options: CallOptions = {}): Promise<LightMyRequestResponse> => {
    const { token, body, headers, remoteAddress } = options
    return app.inject({
      ...{ method, url: `/api/v1${path}` },
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    })
  }

  /** As the superuser, around row-level security: to look at rows and to move time. */
  const sql = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await superuser.query<Row>(text, values)).rows

  let count = 0
  const signIn = async (email: string) => {
    const answer = await call('POST', '/auth/sign-in', { body: { email, password: PASSWORD } })
    const cookie = String(answer.headers['set-cookie']).split(';')[0] ?? ''
    return { token: answer.json<{ token: string }>().token, cookie }
  }
  const person = async () => {
    const email = `person-${++count}@example.com`
    const { personId } = await tenancy.api.createPerson({ name: `Person ${count}`, email, password: PASSWORD })
    return { personId, email }
  }
  return {
    call,
    sql,
    signIn,
    /** A new person without a tenant. */
    person,
    logLines,
    /** A new tenant with an id of its own. */
    async tenant(): Promise<TenantId> {
      const id = tenantId(`tenant_${++count}`)
      await tenancy.api.createTenant({ tenantId: id, name: `Tenant ${count}`, timeZone: 'UTC' })
      return id
    },
    /** A new person with that role in the tenant, signed in. */
    async member(tenant: TenantId, role: TenantRole): Promise<TestMember> {
      const { personId, email } = await person()
      await tenancy.api.addMember({ tenantId: tenant, personId, role })
      return { personId, email, ...(await signIn(email)) }
    },
    get api() {
      return tenancy.api
    },
    forgetSessions: (limit: number) => tenancy.forgetSessions(limit),
    get database() {
      return database
    },
    get databaseUrl() {
      return made.url
    },
    get openApi() {
      return app.swagger()
    },
  }
}
