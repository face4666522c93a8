import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { classified } from '../../../../test/harness/classified.ts'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { administer } from '../../../../test/harness/server.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { PageSource } from '../connectors/index.ts'
import type { ClassifyNews, ClassifyTickets } from '../tickets/index.ts'
import { sweepFor } from './sweep.ts'
import { startOrResume } from './walk.ts'

const db = testDatabase()
const KIND = 'ingestion.run'
const never = new AbortController().signal
let tenants = 0
/** Everything is news, and nothing says anything. */
const classifyTickets: ClassifyTickets = async (_tenant, tickets) => tickets.map((ticket) => classified(ticket))
const classifyNews: ClassifyNews = async (tenant, tickets) => ({
  news: await classifyTickets(tenant, tickets),
  unchanged: 0,
})

const change = (statement: string, values: unknown[] = []) =>
  administer(db.url, async (superuser) => (await superuser.query(statement, values)).rows)

/** A run under a live lease, as the worker that claimed it has left it before its first page. */
async function runningRun() {
  tenants += 1
  const tenant = `tenant_${tenants}`
  const task = randomUUID()
  await change('insert into tenants (tenant_id, name) values ($1, $1)', [tenant])
  await change(
    `insert into tasks (tenant_id, task_id, kind, payload, status, progress, attempt, attempts_max, fencing,
       lease_owner, lease_expires_at, created_by)
     values ($1, $2, '${KIND}', '{}', 'running', $3, 1, 5, 1, 'this worker', now() + interval '1 hour', 'test')`,
    [tenant, task, startOrResume({ phase: 'walking', deleted_before: 'as it was' })],
  )
  return { tenant, task, connection: `provider of ${tenant}` }
}

const ticketOf = (tenant_id: string) => ({
  ...{ id: 'ext-1', tenant_id, source: 'web', customer_id: 'c', subject: 's', message: 'm', status: 'open' },
  ...{ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' },
})

/**
 * Sweeps one page, of two; `meanwhile` happens while it is on its way. Returns how many tickets and pages are stored, and
 * how many transactions of one round trip that took.
 */
async function sweepOnePage(
  meanwhile: (run: Awaited<ReturnType<typeof runningRun>>) => Promise<unknown>,
  tickets = (tenant: string) => [ticketOf(tenant)],
) {
  const run = await runningRun()
  let calls = 0
  const provider: PageSource = {
    listPage: async (page) => {
      calls += 1
      // Asked for before the first one is stored, awaited after that.
      if (calls > 1) throw new Error('enough')
      await meanwhile(run)
      return { page, bytes: 1, tickets: tickets(run.tenant), nextPage: 2, totalCount: 101 }
    },
    listDeleted: async () => ({ ids: [], bytes: 1 }),
    findTicket: async () => null,
  }
  const source = { provider, budget: { take: async () => {}, pause: async () => {} } }
  let at_once = 0
  const database: Database = {
    ...db.database,
    withTenantAtOnce: async (tenant, statements) => {
      const rows = await db.database.withTenantAtOnce(tenant, statements)
      if (tenant === run.tenant) at_once += 1
      return rows
    },
  }
  const dependencies = { database, source, connection: run.connection, kind: KIND, classifyTickets, classifyNews }
  await sweepFor(dependencies, run.task, { signal: never, log: silent }).catch((error: Error) => {
    if (error.message !== 'enough') throw error
  })
  const [stored] = await change(
    `select (select count(*)::int from tickets where tenant_id = $1) as tickets,
       coalesce(jsonb_array_length(progress -> 'received'), 0) as pages,
       coalesce((progress -> 'counts' ->> 'created')::int, 0) as created,
       (progress -> 'retries')::int as retries from tasks where task_id = $2`,
    [run.tenant, run.task],
  )
  return { ...stored, at_once }
}

const UNTOUCHED = { tickets: 0, pages: 0, created: 0, retries: 0, at_once: 0 }

describe('a page that is on its way', () => {
  it('is stored with the walk past it, in one round trip', async () => {
    expect(await sweepOnePage(async () => {})).toEqual({ tickets: 1, pages: 1, created: 1, retries: 0, at_once: 1 })
  })

  it('is stored by several statements when its tickets are long, and counted once', async () => {
    const long = (tenant: string) =>
      [1, 2, 3, 4].map((n) => ({ ...ticketOf(tenant), id: `ext-${n}`, message: 'word '.repeat(50_000) }))
    expect(await sweepOnePage(async () => {}, long)).toEqual({
      tickets: 4,
      pages: 1,
      created: 4,
      retries: 0,
      at_once: 1,
    })
  })

  it('is stored on top of what the run has come to meanwhile', async () => {
    const moveOn = ({ task }: { task: string }) =>
      change(`update tasks set progress = progress || '{"retries": 7, "counts": {"created": 2}}' where task_id = $1`, [
        task,
      ])
    expect(await sweepOnePage(moveOn)).toEqual({ tickets: 1, pages: 1, created: 3, retries: 7, at_once: 0 })
  })

  it.each([
    ['the run was claimed anew', `update tasks set fencing = fencing + 1 where task_id = $1`],
    [
      'the lease of the run is over',
      `update tasks set lease_expires_at = now() - interval '1 second' where task_id = $1`,
    ],
    ['the run is to be cancelled', `update tasks set cancel_requested_at = now() where task_id = $1`],
    [
      'the run has ended',
      `update tasks set status = 'succeeded', ended_at = now(), lease_owner = null, lease_expires_at = null where task_id = $1`,
    ],
    ['somebody else sweeps', `update ingestion.sweeps set owner = uuidv7(), fencing = fencing + 1 where owner = $1`],
    ['the same run sweeps in another process', `update ingestion.sweeps set fencing = fencing + 1 where owner = $1`],
    [
      'the lease of the sweep is over',
      `update ingestion.sweeps set expires_at = now() - interval '1 second' where owner = $1`,
    ],
  ])('is not stored when meanwhile %s', async (_what, statement) => {
    expect(await sweepOnePage(({ task }) => change(statement, [task]))).toEqual(UNTOUCHED)
  })
})
