import { describe, expect, it } from 'vitest'
import { call } from '../../../../../test/harness/call.ts'
import { silent } from '../../../../../test/harness/database.ts'
import { administer } from '../../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../../test/harness/system.ts'
import { waitFor } from '../../../../../test/harness/wait-for.ts'
import { tenantId } from '../../../../kernel/tenant-id.ts'
import { type Database, openDatabase } from '../../../../platform/database/index.ts'
import { exportTickets, lastTicket } from './export-tickets.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api,worker' })
const STORED = 'external_id, source, customer_id, subject, message, status, created_at, updated_at'
const AWKWARD = [
  ...['=1+1', '-5 degrees', '@home', '\t=tab', '\r=return', "'\u2063=guarded", "'quoted", '\uFEFFmark'],
  ...['a "quote", and;more\r\nlines', '+49 30', 'ü 🙂', ' ', '{"json": true}', '\\', 'ext"ernal'],
]

/** Of ids, customers and sources an import leaves out the blanks around them, as people type them by mistake. */
const nameOf = (text: string) => text.trim() || 'blank'

const admin = <Row extends object>(text: string, values: unknown[] = []) =>
  administer(system.databaseUrl, async (client) => (await client.query<Row>(text, values)).rows)
const makeTenant = (name: string) =>
  call(`${system.url}/tenants`, { method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id: name, name } })
const open = (tenant: string, query: string, request: RequestInit = {}) =>
  fetch(`${system.url}/tickets/export?tenant_id=${tenant}&${query}`, {
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    ...request,
  })

/** A tenant with so many tickets, each with a message of so many characters. */
async function tenantWith(name: string, tickets: number, characters = 20) {
  await makeTenant(name)
  await admin(
    `insert into tickets (tenant_id, ticket_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
     select $1, uuidv7(make_interval(secs => n)), 'ext-' || n, 'email', 'cust', 'Subject', left(repeat('word ', $3), $3), 'open', now(), now()
     from generate_series(1, $2::int) n`,
    [name, tickets, characters],
  )
}

const countOf = async (tenant: string) =>
  (await admin<{ n: number }>('select count(*)::int as n from tickets where tenant_id = $1', [tenant]))[0]?.n

describe.each(['csv', 'ndjson'])('an export as %s', (format) => {
  const type = { csv: 'text/csv', ndjson: 'application/x-ndjson' }[format] ?? ''

  it('is what an import into the emptied tenant brings back, to the letter', async () => {
    const tenant = `round-${format}`
    await tenantWith(tenant, 2_300)
    for (const [n, text] of AWKWARD.entries()) {
      await admin(
        `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
         values ($1, $2, $3, $3, $4, $4, 'pending', '2026-01-01T00:00:00.123Z', '2026-01-02T00:00:00.456Z')`,
        [tenant, nameOf(text) + n, nameOf(text), text],
      )
    }
    const stored = () => admin(`select ${STORED} from tickets where tenant_id = $1 order by external_id`, [tenant])
    const before = await stored()
    const response = await open(tenant, `format=${format}`)
    expect(response.headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="tickets-${tenant}-\\d{4}-\\d\\d-\\d\\d\\.${format}"$`),
    )
    const file = Buffer.from(await response.arrayBuffer())
    await admin('delete from tickets where tenant_id = $1', [tenant])
    const sent = await fetch(`${system.url}/ingest/import?tenant_id=${tenant}`, {
      ...{ method: 'POST', body: file },
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': type },
    })
    expect(sent.status).toBe(202)
    const { job_id } = (await sent.json()) as { job_id: string }
    type Job = { status: string; created: number; failed: number }
    const job = await waitFor('the import never ended', async () => {
      const { body } = await call<Job>(`${system.url}/ingest/progress/${job_id}`, { token: OPERATOR_TOKEN })
      return ['completed', 'failed'].includes(body.status) ? body : undefined
    })
    expect(job).toMatchObject({ status: 'completed', created: before.length, failed: 0 })
    expect(await stored()).toEqual(before)
  })

  it('has a head and no tickets where there are none', async () => {
    await makeTenant(`empty-${format}`)
    const lines = (await (await open(`empty-${format}`, `format=${format}`)).text()).split('\n')
    expect(lines.slice(format === 'csv' ? 1 : 0)).toEqual([''])
  })

  it('that fails on its way does not look complete', async () => {
    const tenant = `broken-${format}`
    await tenantWith(tenant, 3_000, 10_000)
    const response = await open(tenant, `format=${format}`)
    const reader = response.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    await admin('alter table tickets rename to tickets_gone')
    try {
      const readOn = async () => {
        while (!(await reader?.read())?.done);
      }
      await expect(readOn()).rejects.toThrow()
    } finally {
      await admin('alter table tickets_gone rename to tickets')
    }
  })
})

describe('HEAD', () => {
  it('answers like GET without reading tickets', async () => {
    await tenantWith('head', 1)
    const response = await open('head', '', { method: 'HEAD' })
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/csv; charset=utf-8; header=present',
    ])
  })
})

type Export = ReturnType<typeof exportTickets>

/** Works with an export that counts the batches it reads, and answers how many those were when all was over. */
async function counted(tenant: string, work: (file: Export, batches: () => number) => Promise<void>): Promise<number> {
  const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
  let batches = 0
  const counting: Database = {
    ...database,
    withTenant: (id, each) => {
      batches += 1
      return database.withTenant(id, each)
    },
  }
  const id = tenantId(tenant)
  const filter = { tenant_id: id, include_deleted: false }
  const last = await database.withTenant(id, (tx) => lastTicket(tx, id))
  const file = exportTickets(counting, { tenantId: id, filter, format: 'ndjson', last }, new AbortController().signal)
  try {
    await work(file, () => batches)
  } finally {
    file.destroy()
    await waitFor('the export never ended', () => file.closed)
    await database.close()
  }
  return batches
}

describe('an export of 200 MB', () => {
  it('reads no further than its reader, a few megabytes at a time, and ends when the caller goes away', async () => {
    await tenantWith('large', 200, 1_000_000)
    const batches = await counted('large', async (file) => {
      await waitFor('nothing was read', () => file.readableLength > 0 || file.read(0) !== null)
      const first = (await file[Symbol.asyncIterator]().next()).value as Buffer
      expect(first.length).toBeLessThan(6_000_000)
      await waitFor('nothing was read ahead', () => file.readableLength > 1_000_000)
    })
    expect(batches).toBeLessThanOrEqual(3)
  })
})

describe('an export while tickets change', () => {
  it('has each ticket that was there at its start exactly once, and ends though others keep coming', async () => {
    await tenantWith('moving', 3_500)
    const ids: string[] = []
    await counted('moving', async (file) => {
      for await (const chunk of file) {
        const lines = String(chunk).trim().split('\n')
        ids.push(...lines.map((line) => (JSON.parse(line) as { external_id: string }).external_id))
        // Their times move over each other; new ones come behind all others.
        await admin(
          `update tickets set created_at = now() - random() * interval '9 days', updated_at = now() where tenant_id = 'moving'`,
        )
        await admin(
          `insert into tickets (tenant_id, ticket_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
           select 'moving', uuidv7(interval '1 day' + make_interval(secs => random() * 1000)), gen_random_uuid(), 's', 'c', 's', 'm', 'open', now(), now() from generate_series(1, 500)`,
        )
      }
    })
    expect(ids.length).toBe(3_500)
    expect(new Set(ids).size).toBe(3_500)
    expect(await countOf('moving')).toBeGreaterThan(4_000)
  })
})
