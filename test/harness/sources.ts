import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { startFakeFreshdesk } from '../fakes/freshdesk.ts'
import type { FakeHelpdesk } from '../fakes/helpdesk.ts'
import { startFakeZendesk } from '../fakes/zendesk.ts'
import { ingestionScene, type Job } from './ingestion.ts'
import { administer } from './server.ts'
import { OPERATOR_TOKEN, type SystemProcess } from './system.ts'

/** A ticket in the words of our books. */
export type Ticket = {
  id?: string
  subject?: string
  message?: string
  status?: 'open' | 'pending' | 'closed'
  updated_at?: string
  /** In a way that this helpdesk could be: a status or a time that nobody knows. */
  isBroken?: boolean
}

export type Stored = { external_id: string; subject: string; message: string; status: string; origin: string }

/** A helpdesk, a tenant that fetches from it, and what that tenant's books say. Ids are those of our books. */
export type SourceScene = {
  origin: string
  put(ticket: Ticket): string
  remove(id: string): void
  restore(id: string): void
  run(): Promise<Job>
  stored(): Promise<Stored[]>
  storedElsewhere(): Promise<Stored[]>
  rejects(): Promise<[id: string, reason: string][]>
  /** What was done to a ticket, oldest first. */
  history(id: string): Promise<string[]>
}

type Scene = Awaited<ReturnType<typeof ingestionScene>>
export type SourceSystem = { scene: Scene; system: SystemProcess }
type Own = SourceSystem & { tenant: string }
type Helpdesk = Pick<SourceScene, 'origin' | 'put' | 'remove' | 'restore'> & { start(): Promise<string> }

const DEFAULTS = { source: 'email', customer_id: '7', created_at: '2026-03-01T00:00:00Z' } as const

/** A system for the tests of a file, each of which opens a tenant of its own in it. */
export function sourceSystem(): () => SourceSystem {
  let made: SourceSystem
  const ends: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const provider = { tickets: 0, modified: 0, deleted: 0 }
    const scene = await ingestionScene(provider, undefined, (end) => ends.push(end))
    made = { scene, system: await scene.start({ OUTBOUND_PRIVATE_HOSTS: '127.0.0.1' }) }
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => made
}

let opened = 0

const sourceScene = (connect: (own: Own) => Promise<Helpdesk>) => async (shared: SourceSystem) => {
  const { scene, system } = shared
  opened += 1
  const [tenant, bystander] = [`tenant_${opened}`, `bystander_${opened}`]
  await scene.makeTenants(system, [tenant, bystander])
  const { start, ...helpdesk } = await connect({ ...shared, tenant })
  const own = new Set<string>()
  const rows = async <Row>(statement: string, values: unknown[] = []) =>
    (await administer(scene.databaseUrl, (client) => client.query(statement, values))).rows as Row[]
  const live = 'select external_id, subject, message, status, origin from tickets where deleted_at is null'
  return {
    ...helpdesk,
    put: (ticket: Ticket) => {
      const id = helpdesk.put(ticket)
      own.add(id)
      return id
    },
    run: async () => scene.ended(system, await start()),
    stored: () => rows<Stored>(`${live} and tenant_id = $1`, [tenant]),
    // Also by tenants of tests before this one; what they fetched themselves is none of this.
    storedElsewhere: () =>
      rows<Stored>(
        `${live} and tenant_id <> $1 and (tenant_id = $2 or (origin = $3 and external_id = any($4::text[])))`,
        [tenant, bystander, helpdesk.origin, [...own]],
      ),
    rejects: async (): Promise<[string, string][]> => {
      const found = await rows<{ external_id: string; reason: string }>(
        'select external_id, reason from ingestion_rejects where tenant_id = $1',
        [tenant],
      )
      return found.map(({ external_id, reason }) => [external_id, reason])
    },
    history: async (id: string) => {
      const found = await rows<{ action: string; fields: string | null }>(
        `select action, string_agg(field, ', ' order by field) as fields
         from ticket_history join tickets using (tenant_id, ticket_id)
         where tenant_id = $1 and external_id = $2
           and field is distinct from 'sla_status' -- which only some tell
         group by action, recorded_at order by recorded_at`,
        [tenant, id],
      )
      return found.map(({ action, fields }) => (fields === null ? action : `${action} ${fields}`))
    },
  }
}

const provider = sourceScene(async ({ scene: { helpdesk, startRun }, system, tenant }) => ({
  origin: 'provider',
  put: ({ id, isBroken, ...fields }) => {
    const status = isBroken ? { status: 'escalated' } : isBroken === false ? { status: 'open' } : {}
    const ticket = { ...fields, ...status }
    if (id === undefined) return helpdesk.insertTicket({ ...DEFAULTS, tenant_id: tenant, ...ticket }).id
    helpdesk.changeTicket(id, ticket)
    return id
  },
  remove: helpdesk.deleteTicket,
  restore: helpdesk.restoreTicket,
  start: () => startRun(system, tenant),
}))

/** A connector called `desk` to a fake; ids in our books stand behind its name. */
const connector = (kind: string, startFake: () => Promise<FakeHelpdesk>, credentials: Record<string, string>) =>
  sourceScene(async ({ scene: { operator }, system, tenant }) => {
    const fake = await startFake()
    onTestFinished(() => fake.close())
    const body = { kind, name: 'desk', settings: { base_url: fake.url }, credentials, calls_per_minute: 10_000 }
    const path = `/api/v1/connectors?tenant_id=${tenant}`
    const { status, body: made } = await operator<{ connector_id: string }>(system, path, 'POST', body)
    if (status !== 201) throw new Error(`the connector was not made: ${JSON.stringify(made)}`)
    const own = (id: string) => `desk:${id}`
    const theirs = (id: string) => id.slice(own('').length)
    return {
      origin: made.connector_id,
      put: ({ id, isBroken, ...fields }) => {
        const created_at = isBroken ? '2026-03-01T00:00:00' : '2026-03-01T00:00:00Z'
        const raw = isBroken === undefined ? {} : { raw: { created_at } }
        const known = id === undefined ? DEFAULTS_OF_FAKES : { id: Number(theirs(id)) }
        return own(fake.put({ ...known, ...fields, ...raw }))
      },
      remove: (id) => fake.remove(theirs(id)),
      restore: (id) => fake.restore(theirs(id)),
      start: async () => {
        const run = `/ingest/run?tenant_id=${tenant}&connector_id=${made.connector_id}`
        return (await operator<{ job_id: string }>(system, run, 'POST')).body.job_id
      },
    }
  })

const DEFAULTS_OF_FAKES = { ...DEFAULTS, customer_id: 7 } as const

/** All tickets there are, sent as one file each time. */
const file = sourceScene(async ({ system, tenant }) => {
  const rows = new Map<string, Record<string, unknown>>()
  return {
    origin: 'import',
    put: ({ id = `${tenant}-${rows.size + 1}`, isBroken, ...fields }) => {
      const status = isBroken ? { status: 'escalated' } : isBroken === false ? { status: 'open' } : {}
      rows.set(id, { ...DEFAULTS, ...rows.get(id), ...fields, ...status, id })
      return id
    },
    remove: () => {},
    restore: () => {},
    start: async () => {
      const response = await fetch(`${system.url}/ingest/import?tenant_id=${tenant}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/x-ndjson' },
        body: [...rows.values()].map((row) => JSON.stringify(row)).join('\n'),
      })
      return ((await response.json()) as { job_id: string }).job_id
    },
  }
})

/** Every way in. A file says nothing about what it does not hold. */
export const SOURCES: {
  name: string
  tellsDeletions: boolean
  open: (shared: SourceSystem) => Promise<SourceScene>
}[] = [
  { name: 'the provider', tellsDeletions: true, open: provider },
  {
    name: 'Zendesk',
    tellsDeletions: true,
    open: connector('zendesk', startFakeZendesk, { email: 'agent@example.com', api_token: 'zendesk-token' }),
  },
  {
    name: 'Freshdesk',
    tellsDeletions: true,
    open: connector('freshdesk', startFakeFreshdesk, { api_key: 'freshdesk-key' }),
  },
  { name: 'a file', tellsDeletions: false, open: file },
]
