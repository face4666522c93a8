import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { choosable } from '../../src/core/retention/chosen-days.ts'
import { removals } from '../../src/core/retention/index.ts'
import { upsertTickets } from '../../src/desks/support/tickets/index.ts'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { retention } from '../../src/modules.ts'
import type { Database } from '../../src/platform/database/index.ts'
import { classified } from '../harness/classified.ts'
import { counterDifferences } from '../harness/counters.ts'
import { testDatabase } from '../harness/database.ts'
import { removeOld } from '../harness/remove-old.ts'
import { waitFor } from '../harness/wait-for.ts'

const db = testDatabase()
let superuser: Client
const rows = async <Row = { id: string }>(statement: string, values: unknown[] = []) =>
  (await superuser.query(statement, values)).rows as Row[]

let tenants = 0
/** Of each test alone: what others keep is nothing to it. */
let ours: string
beforeAll(async () => {
  superuser = new Client({ connectionString: db.url })
  await superuser.connect()
})
beforeEach(async () => {
  tenants += 1
  ours = `tenant_${tenants}`
  await rows('insert into tenants (tenant_id, name) values ($1, $1)', [ours])
})
afterAll(() => superuser?.end())

/** What a table takes: a row that was over so many days ago, and rows that began ages ago and are not over. */
type Sample = { over: string; live: string[] }
const AGES_AGO = `uuidv7(interval '-4000 days')`
/** $1 tenant, $2 how long ago, as an interval. */
const at = `(now() - $2::interval)`
const idAt = `uuidv7(-$2::interval)`

const task = (status: string, more: string) => `
  insert into tasks (tenant_id, task_id, kind, payload, attempts_max, created_by, status, ended_at, lease_owner, lease_expires_at)
  values ($1, ${more === '' ? `${idAt}, 'thing.do', '{}', 1, 'test', '${status}', ${at}, null, null` : more}) returning task_id as id`
const liveTask = (status: string) =>
  task(
    status,
    `${AGES_AGO}, 'thing.do', '{}', 1, 'test', '${status}', null, ${
      status === 'running' ? `'w', now() + interval '1 hour'` : 'null, null'
    }`,
  )
const ticket = (deletedAt: string) => `
  insert into tickets (tenant_id, ticket_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
    urgency, requires_action, deleted_at)
  values ($1, ${AGES_AGO}, gen_random_uuid(), 'email', 'customer', 'A subject', 'A message', 'open', now() - interval '4000 days',
    now() - interval '4000 days', 'high', true, ${deletedAt}) returning ticket_id as id`
const signal = (state: string, resolvedAt: string) => `
  insert into signals (tenant_id, signal_id, kind, subject, severity, title, dedupe_key, state, resolved_at)
  values ($1, ${AGES_AGO}, 'test.signal', 'thing:1', 'info', 'Look', gen_random_uuid(), '${state}', ${resolvedAt}) returning signal_id as id`
const delivery = (state: string, id: string, endedAt: string) => `
  insert into deliveries (tenant_id, delivery_id, channel_id, signal_id, circuit, subject, state, ended_at)
  values ($1, ${id}, gen_random_uuid(), gen_random_uuid(), 'notify', 'thing:1', '${state}', ${endedAt}) returning delivery_id as id`
const invitation = (ends: string) => `
  insert into invitations (tenant_id, invitation_id, email, role, token_hash, invited_by, expires_at, accepted_at, revoked_at)
  values ($1, ${AGES_AGO}, 'a@example.com', 'viewer', sha256(gen_random_uuid()::text::bytea), 'test', ${ends}) returning invitation_id as id`
const apiKey = (ends: string) => `
  insert into api_keys (tenant_id, api_key_id, name, prefix, secret_hash, permissions, created_by, expires_at, revoked_at)
  values ($1, ${AGES_AGO}, 'key', 'p', sha256(gen_random_uuid()::text::bytea), '{}', 'test', ${ends}) returning api_key_id as id`
const clockSubject = (settledAt: string) => `
  insert into clock_subjects (tenant_id, kind, subject_id, measured_at, settled_at)
  values ($1, 'thing', ${AGES_AGO}, now(), ${settledAt}) returning subject_id as id`
const denialCase = `
  insert into denial_cases (tenant_id, case_id, mode, sealed_context, created_by, updated_at)
  values ($1, ${AGES_AGO}, 'fast', '', 'test', ${at}) returning case_id as id`
const LATER = `now() + interval '1 day'`

const SAMPLES: Record<string, Sample> = {
  tasks: { over: task('succeeded', ''), live: ['queued', 'running', 'retrying'].map(liveTask) },
  tickets: { over: ticket(at), live: [ticket('null')] },
  ticket_history: {
    over: `insert into ticket_history (tenant_id, history_id, ticket_id, action, recorded_at)
      values ($1, ${idAt}, gen_random_uuid(), 'created', ${at}) returning history_id as id`,
    live: [],
  },
  signals: {
    over: signal('resolved', at),
    live: [signal('open', 'null'), signal('acknowledged', 'null')],
  },
  denial_cases: { over: denialCase, live: [] },
  clock_subjects: { over: clockSubject(at), live: [clockSubject('null')] },
  deliveries: {
    over: delivery('dead', idAt, at),
    live: [delivery('waiting', AGES_AGO, 'null'), delivery('sending', AGES_AGO, 'null')],
  },
  audit_log: {
    over: `insert into audit_log (tenant_id, audit_id, at, actor, action, subject)
      values ($1, ${idAt}, ${at}, 'operator', 'thing.do', 'thing:1') returning audit_id as id`,
    live: [],
  },
  ingestion_rejects: {
    over: `insert into ingestion_rejects (tenant_id, reject_id, external_id, job_id, reason, body, first_seen_at, last_seen_at)
      values ($1, ${AGES_AGO}, gen_random_uuid(), gen_random_uuid(), 'bad', '{}', now() - interval '4000 days', ${at}) returning reject_id as id`,
    live: [],
  },
  action_receipts: {
    over: `insert into action_receipts (tenant_id, receipt_id, actor, request_id, actions, risk, steps, outcome, applied_at)
      values ($1, ${idAt}, 'operator', 'request', '{}', 'safe', '[]', '{}', ${at}) returning receipt_id as id`,
    live: [],
  },
  invitations: { over: invitation(`${LATER}, ${at}, null`), live: [invitation(`${LATER}, null, null`)] },
  api_keys: {
    over: apiKey(`${LATER}, ${at}`),
    live: [apiKey(`${LATER}, null`), apiKey('null, null')],
  },
}

const made = async (statement: string, age?: string, tenant = ours): Promise<string> => {
  const values = statement.includes('$2') ? [tenant, age] : [tenant]
  const [row] = await rows(statement, values)
  return row?.id ?? ''
}
const idsOf = async (table: string, tenant = ours) => {
  const aged = choosable(retention).find(([name]) => name === table)?.[1]
  const found = await rows(`select ${aged?.scope.id} as id from ${table} where tenant_id = $1`, [tenant])
  return found.map(({ id }) => id).toSorted()
}
const choose = (table: string, days: number) =>
  rows(`insert into retention_choices (tenant_id, table_name, days, chosen_by) values ($1, $2, $3, 'test')`, [
    ...[ours, table, days],
  ])
const only = (...names: string[]) =>
  Object.fromEntries(Object.entries(retention).filter(([table]) => names.includes(table)))

describe('of tenants', () => {
  it('every table is looked at here', () => {
    expect(Object.keys(SAMPLES).toSorted()).toEqual(choosable(retention).map(([table]) => table))
  })

  it.each(choosable(retention))(
    '%s: what was over for longer than its days goes; younger and live rows stay',
    async (table, { days }) => {
      const sample = SAMPLES[table]
      if (!sample) throw new Error(`no sample of ${table}`)
      const old = await made(sample.over, `${days} days 1 hour`)
      const others = [await made(sample.over, `${days - 1} days`)]
      for (const each of sample.live) others.push(await made(each))
      const before = await idsOf(table)
      await removeOld(db.database, only(table))
      expect(await idsOf(table)).toEqual(before.filter((id) => id !== old))
      expect(before).toEqual(expect.arrayContaining([old, ...others]))
    },
  )

  it('each keeps as long as it wants, within the bounds', async () => {
    await choose('tasks', 10)
    const [old, young] = [
      await made(SAMPLES.tasks?.over ?? '', '11 days'),
      await made(SAMPLES.tasks?.over ?? '', '9 days'),
    ]
    const theirs = 'tenant_that_keeps'
    await rows('insert into tenants (tenant_id, name) values ($1, $1)', [theirs])
    const kept = await made(SAMPLES.tasks?.over ?? '', '11 days', theirs)
    await removeOld(db.database, only('tasks'))
    expect(await idsOf('tasks')).toEqual([young])
    expect(await idsOf('tasks', theirs)).toEqual([kept])
    expect(old).not.toBe(young)
    // Chosen when bounds were wider.
    await rows('update retention_choices set days = 1 where tenant_id = $1', [ours])
    const week = await made(SAMPLES.tasks?.over ?? '', '6 days')
    await removeOld(db.database, only('tasks'))
    expect(await idsOf('tasks')).toEqual([week])
  })

  it('nobody waits for another’s backlog, no transaction removes more than a heap, and a round is gone on with', async () => {
    const [much, little] = [ours, `${ours}_2`]
    await rows('insert into tenants (tenant_id, name) values ($1, $1)', [little])
    await rows(
      `insert into audit_log (tenant_id, audit_id, at, actor, action, subject)
       select $1, uuidv7(interval '-800 days'), now() - interval '800 days', 'operator', 'thing.do', 'thing:1' from generate_series(1, 2500)`,
      [much],
    )
    await made(SAMPLES.audit_log?.over ?? '', '800 days', little)
    const count = async (tenant: string) => (await idsOf('audit_log', tenant)).length
    const stop = new AbortController()
    const heaps: number[] = []
    const watched: Database = {
      ...db.database,
      acrossTenants: async (reason, work) => {
        const before = (await count(much)) + (await count(little))
        const result = await db.database.acrossTenants(reason, work)
        heaps.push(before - (await count(much)) - (await count(little)))
        if (heaps.length === 2) stop.abort()
        return result
      },
    }
    const [step] = removals(watched, only('audit_log'))
    expect(await step?.run(stop.signal)).toEqual({ rows: 1_001, isDone: false })
    expect([await count(much), await count(little)]).toEqual([1_500, 0])
    expect(await step?.run(new AbortController().signal)).toEqual({ rows: 1_500, isDone: true })
    expect(heaps).toEqual([1_000, 1, 1_000, 500])
  })
})

describe('what belongs to what is removed', () => {
  it('a task’s leftovers go with it', async () => {
    const old = await made(SAMPLES.tasks?.over ?? '', '100 days')
    await rows(`insert into ingestion_seen_pages values ($1, $2, 1, '{a}')`, [ours, old])
    await rows(`insert into ingestion_missing values ($1, $2, 'a', true)`, [ours, old])
    await removeOld(db.database, only('tasks'))
    expect(await rows('select from ingestion_seen_pages where tenant_id = $1', [ours])).toEqual([])
    expect(await rows('select from ingestion_missing where tenant_id = $1', [ours])).toEqual([])
  })

  it('a ticket’s history goes with it, nobody else’s does, and the counters stay right', async () => {
    const [old, live] = [await made(SAMPLES.tickets?.over ?? '', '400 days'), await made(ticket('null'))]
    for (const id of [old, live]) {
      await rows(
        `insert into ticket_history (tenant_id, ticket_id, action, recorded_at) values ($1, $2, 'created', now())`,
        [ours, id],
      )
    }
    expect(await removeOld(db.database, only('tickets'))).toBe(1)
    const left = await rows<{ ticket_id: string }>('select ticket_id from ticket_history where tenant_id = $1', [ours])
    expect(left).toEqual([{ ticket_id: live }])
    expect(await counterDifferences(db.url)).toEqual([])
  })

  it('a delivery’s attempts go with it', async () => {
    const old = await made(SAMPLES.deliveries?.over ?? '', '100 days')
    await rows('insert into delivery_attempts (tenant_id, delivery_id, attempt) values ($1, $2, 1)', [ours, old])
    await removeOld(db.database, only('deliveries'))
    expect(await rows('select from delivery_attempts where tenant_id = $1', [ours])).toEqual([])
  })

  it('a signal stays while something of it is to be delivered, and goes with its deliveries', async () => {
    const id = await made(SAMPLES.signals?.over ?? '', '200 days')
    await rows(
      `insert into deliveries (tenant_id, channel_id, signal_id, circuit, subject) values ($1, gen_random_uuid(), $2, 'notify', 'thing:1')`,
      [ours, id],
    )
    expect(await removeOld(db.database, only('signals'))).toBe(0)
    await rows(`update deliveries set state = 'dead', ended_at = now() where signal_id = $1`, [id])
    expect(await removeOld(db.database, only('signals'))).toBe(1)
    expect(await rows('select from deliveries where signal_id = $1', [id])).toEqual([])
  })
})

describe('meanwhile', () => {
  it('a row that somebody brings to life stays', async () => {
    const id = await made(SAMPLES.deliveries?.over ?? '', '100 days')
    const other = new Client({ connectionString: db.url })
    await other.connect()
    try {
      await other.query('begin')
      await other.query(`update deliveries set state = 'waiting', ended_at = null where delivery_id = $1`, [id])
      const removing = removeOld(db.database, only('deliveries'))
      await other.query('commit')
      await removing
    } finally {
      await other.end()
    }
    expect(await idsOf('deliveries')).toEqual([id])
  })

  it('tickets are locked behind the lock of whoever writes them, so that the two never wait for each other', async () => {
    const id = await made(SAMPLES.tickets?.over ?? '', '400 days')
    const writer = new Client({ connectionString: db.url })
    await writer.connect()
    try {
      await writer.query('begin')
      await writer.query('select lock_ticket_counters($1)', [ours])
      const removing = removeOld(db.database, only('tickets'))
      await waitFor('the removal never waited', async () => {
        const waiting = await rows(
          `select from pg_locks where locktype = 'advisory' and classid = 71640 and not granted`,
        )
        return waiting.length > 0
      })
      await writer.query('select from tickets where ticket_id = $1 for update nowait', [id])
      await writer.query('commit')
      await removing
    } finally {
      await writer.end()
    }
    expect(await idsOf('tickets')).toEqual([])
  })

  it('tickets are written while others of the tenant are removed, and nobody gives up', async () => {
    const tenant = tenantId(ours)
    await rows(
      `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at, urgency, requires_action, deleted_at)
       select $1, 'ext-' || n, 'email', 'customer', 'A subject', 'A message', 'open', now(), now(), 'high', true, now() - interval '400 days'
       from generate_series(1, 1500) as n`,
      [ours],
    )
    let isOver = false
    const removing = removeOld(db.database, only('tickets')).finally(() => {
      isOver = true
    })
    let round = 0
    const writing = (async () => {
      while (!isOver) {
        round += 1
        // Some of them are just being removed: then they come back anew.
        const page = Array.from({ length: 50 }, (_, index) => `ext-${((round * 50 + index) % 1_500) + 1}`)
        const moment = '2026-03-01T00:00:00Z'
        const written = page.map((external_id) =>
          classified({
            ...{ external_id, source: 'email', customer_id: 'customer', subject: `Round ${round}`, message: 'Text.' },
            ...{ status: 'open', created_at: moment, updated_at: new Date().toISOString() },
          }),
        )
        await db.database.withTenant(tenant, (tx) => upsertTickets(tx, written, { runId: null, origin: 'provider' }))
      }
    })()
    const removed = await removing
    await writing
    expect(removed).toBeGreaterThan(0)
    expect(await rows('select from tickets where tenant_id = $1 and deleted_at is not null', [ours])).toEqual([])
    expect(await counterDifferences(db.url)).toEqual([])
    const orphans = `select from ticket_history h where tenant_id = $1
      and not exists (select from tickets t where t.tenant_id = h.tenant_id and t.ticket_id = h.ticket_id)`
    expect(await rows(orphans, [ours])).toEqual([])
  })
})

describe('of everybody', () => {
  it('uploaded files go with their parts, unless they arrive or a live job reads them', async () => {
    const file = `insert into ingestion_files (tenant_id, upload_id, job_id, received_at)
      values ($1, gen_random_uuid(), null, now() - $2::interval) returning upload_id as id`
    const job = (status: string) => `
      with task as (
        insert into tasks (tenant_id, kind, payload, attempts_max, created_by, status, ended_at)
        values ($1, 'ingestion.import', '{}', 1, 'test', '${status}', ${status === 'queued' ? 'null' : 'now()'}) returning task_id
      )
      insert into ingestion_files (tenant_id, upload_id, job_id, received_at)
      select $1, gen_random_uuid(), task_id, now() - $2::interval from task returning upload_id as id`
    const live = [await made(file, '9 minutes'), await made(job('queued'), '3 days')]
    for (const over of [await made(file, '11 minutes'), await made(job('cancelled'), '11 minutes')]) {
      await rows(`insert into ingestion_uploads (tenant_id, upload_id, chunk, bytes) values ($1, $2, 0, 'x')`, [
        ours,
        over,
      ])
    }
    expect(await removeOld(db.database, only('ingestion_files'))).toBe(2)
    const left = await rows('select upload_id as id from ingestion_files where tenant_id = $1', [ours])
    expect(left.map(({ id }) => id).toSorted()).toEqual(live.toSorted())
    expect(await rows('select from ingestion_uploads where tenant_id = $1', [ours])).toEqual([])
  })

  it('budgets of calls go when nobody has used them for longer than any window', async () => {
    await rows(`insert into platform.outbound_budgets values
      ('unused', array[now() - interval '9 days', now() - interval '3 days'], null),
      ('used', array[now() - interval '9 days', now() - interval '1 hour'], null),
      ('paused', array[now() - interval '9 days'], now() + interval '1 hour')`)
    await removeOld(db.database, only('platform.outbound_budgets'))
    const left = await rows<{ connection: string }>('select connection from platform.outbound_budgets order by 1')
    expect(left).toEqual([{ connection: 'paused' }, { connection: 'used' }])
  })

  it('operators’ signals go half a year after they were resolved', async () => {
    const add = (state: string, resolved: string) =>
      rows(
        `insert into platform.operator_signals (kind, subject, severity, title, dedupe_key, state, raised_at, resolved_at)
         values ('test', 'a', 'info', $1, gen_random_uuid(), $2, now() - interval '900 days', ${resolved})`,
        [`${state} ${resolved}`, state],
      )
    await add('resolved', `now() - interval '181 days'`)
    await add('resolved', `now() - interval '179 days'`)
    await add('open', 'null')
    await removeOld(db.database, only('platform.operator_signals'))
    const left = await rows<{ title: string }>('select title from platform.operator_signals order by 1')
    expect(left.map(({ title }) => title)).toEqual(['open null', `resolved now() - interval '179 days'`])
  })
})
