import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { startMockProvider } from '../mock-provider/index.ts'
import { listTasks } from './core/tasks/index.ts'
import type { TenancyApi } from './core/tenancy/index.ts'
import type { IngestionApi } from './desks/support/ingestion/index.ts'
import type { SlaApi } from './desks/support/sla/index.ts'
import type { Config } from './kernel/config.ts'
import { Fault } from './kernel/faults.ts'
import { type TenantId, tenantId } from './kernel/tenant-id.ts'
import type { Database, Tx } from './platform/database/index.ts'

const TENANTS = [
  { id: tenantId('tenant_a'), name: 'Alder Analytics', timeZone: 'Europe/Berlin' },
  { id: tenantId('tenant_b'), name: 'Birch Banking', timeZone: 'America/New_York' },
  { id: tenantId('tenant_c'), name: 'Cedar Clinics', timeZone: 'Europe/Madrid' },
  { id: tenantId('tenant_d'), name: 'Dogwood Deliveries', timeZone: 'Asia/Tokyo' },
] as const

/** Fourteen pages for each of four tenants are 56 calls: all of it arrives within the provider's first minute. */
const TICKETS = 1_400

/** What the first start made up and later starts go on with. `newestTicketAt` keeps the provider's data the same. */
const Remembered = z.object({
  email: z.string(),
  password: z.string().nullable(),
  apiKey: z.string(),
  newestTicketAt: z.iso.datetime(),
})
type Remembered = z.output<typeof Remembered>

type StartRun = IngestionApi['startRun']
type Desks = { startRun: StartRun; fillSla: SlaApi['fillDemo'] }

export type Demo = {
  providerUrl: string | undefined
  /** Makes the tenants, the person and the key; before the server listens. */
  fill(tenancy: TenancyApi, permissions: readonly string[]): Promise<void>
  /** Starts the first runs and prints how to get in; after the server listens. */
  welcome(url: string, database: Database, desks: Desks): Promise<void>
  stop(): Promise<void>
}

/**
 * The demo, in a process that answers when SIGNALBOX_DEMO says so: four tenants, one person who owns them all, one API key,
 * and the mock provider unless EXTERNAL_API_URL names a real one. Its credentials are random, made at the first start, and
 * kept in the data directory for the next.
 */
export async function openDemo(config: Config): Promise<Demo | undefined> {
  if (!config.SIGNALBOX_DEMO || !config.SIGNALBOX_ROLES.includes('api')) return undefined
  const file = join(config.SIGNALBOX_DATA_DIR, 'demo.json')
  const remembered = recall(file)
  const newestTicketAt = remembered?.newestTicketAt ?? new Date().toISOString()
  const provider =
    config.EXTERNAL_API_URL === undefined
      ? await startMockProvider({
          port: config.MOCK_PROVIDER_PORT,
          data: 'realistic',
          tickets: TICKETS,
          newestAt: newestTicketAt,
        })
      : undefined
  let credentials = remembered
  return {
    providerUrl: provider?.url,
    fill: async (tenancy, permissions) => {
      // The file may be of another database, or this one was made anew: then nobody there has its credentials.
      if (remembered && (await tenancy.findPerson(remembered.email))) return
      credentials = { ...(await fill(tenancy, permissions)), newestTicketAt }
      remember(file, credentials)
    },
    welcome: async (url, database, { startRun, fillSla }) => {
      for (const { id } of TENANTS) await database.withTenant(id, (tx) => startFirstRun(tx, id, startRun))
      await fillSla(TENANTS[0].id)
      if (credentials) process.stdout.write(greeting(url, credentials))
    },
    stop: async () => provider?.close(),
  }
}

/** A tenant that has had one gets none. */
async function startFirstRun(tx: Tx, tenant: TenantId, startRun: StartRun): Promise<void> {
  const [earlier] = await listTasks(tx, { limit: 1 })
  if (!earlier) await startRun(tx, { tenantId: tenant, startedBy: 'demo' })
}

/** Makes what is missing: a start that was killed half-way, or another data directory on the same database, goes on. */
async function fill(tenancy: TenancyApi, permissions: readonly string[]): Promise<Omit<Remembered, 'newestTicketAt'>> {
  const email = 'demo@signalbox.example'
  const known = await tenancy.findPerson(email)
  const password = known ? null : randomBytes(12).toString('base64url')
  const person = password === null ? known : await tenancy.createPerson({ name: 'Demo Owner', email, password })
  if (!person) throw new Error('the demo person is neither there nor made')
  for (const { id, name, timeZone } of TENANTS) {
    await tenancy.createTenant({ tenantId: id, name, timeZone }).catch(unless('tenancy.tenant_exists'))
    const member = { tenantId: id, personId: person.personId, role: 'owner' as const }
    await tenancy.addMember(member).catch(unless('tenancy.already_member'))
  }
  const key = await tenancy.createApiKey({ tenantId: TENANTS[0].id, name: 'demo', permissions })
  return { email, password, apiKey: key.secret }
}

const unless = (code: string) => (error: unknown) => {
  if (!(error instanceof Fault && error.code === code)) throw error
}

function recall(file: string): Remembered | undefined {
  return existsSync(file) ? Remembered.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined
}

function remember(file: string, demo: Remembered): void {
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(`${file}.new`, JSON.stringify(demo, null, 2), { mode: 0o600 })
  // A file that is half-written when the machine stops would keep the next start from starting.
  renameSync(`${file}.new`, file)
}

function greeting(url: string, { email, password, apiKey }: Remembered): string {
  return `
  Signalbox serves at   ${url}
  API documentation     ${url}/docs
  Demo sign-in          ${email} / ${password ?? '(as it was made)'}

  Try it:
  curl -s -H "Authorization: Bearer ${apiKey}" "${url}/tickets?tenant_id=${TENANTS[0].id}&limit=3"

`
}
