import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { testDatabase } from '../harness/database.ts'
import { createDatabase } from '../harness/server.ts'
import { INVARIANTS, invariantViolations, receiverViolations } from './invariants.ts'
import { emptyLedger, type Ledger, noteCorrection } from './ledger.ts'

const TENANT = 'tenant_a'
const database = testDatabase()
let client: Client
let ledger: Ledger
let urgent: string
let signal: string
let run: string

const one = async (statement: string, values: unknown[] = []): Promise<string> => {
  const { rows } = await client.query({ text: statement, values, rowMode: 'array' })
  return rows[0]?.[0]
}
const audit = (action: string, subject: string) =>
  client.query(`insert into audit_log (tenant_id, actor, action, subject) values ($1, 'operator', $2, $3)`, [
    ...[TENANT, action, subject],
  ])
const insertTicket = async (urgency: string): Promise<string> => {
  const id = await one(
    `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at, urgency, requires_action)
     values ($1, $2, 'email', 'customer-1', 'A subject', 'A message', 'open', now(), now(), $3, true) returning ticket_id`,
    [TENANT, `ext-${randomUUID()}`, urgency],
  )
  await client.query(
    `insert into ticket_history (tenant_id, ticket_id, action, recorded_at) values ($1, $2, 'created', now() - interval '1 minute')`,
    [TENANT, id],
  )
  return id
}
const deliver = async () => {
  await client.query(
    `insert into delivery_attempts (tenant_id, delivery_id, attempt, ended_at, outcome, status_code)
     select tenant_id, delivery_id, 1, now(), 'delivered', 200 from deliveries on conflict do nothing`,
  )
  await client.query(`update deliveries set state = 'delivered', attempts = 1, ended_at = now()`)
}

/** A tenant after a day without trouble: a run, an urgent ticket that was corrected, its signal told and taken. */
beforeAll(async () => {
  client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query('insert into tenants (tenant_id, name) values ($1, $1)', [TENANT])
  urgent = await insertTicket('high')
  await insertTicket('low')
  await client.query(`update signals set state = 'acknowledged', acknowledged_at = now(), acknowledged_by = 'operator'`)
  signal = await one('select signal_id from signals')
  await audit('signal.acknowledge', `signal:${signal}`)
  await deliver()
  run = await one(
    `insert into tasks (tenant_id, kind, payload, status, attempts_max, created_by, started_at, ended_at)
     values ($1, 'ingestion.run', '{}', 'succeeded', 5, 'operator', now(), now()) returning task_id`,
    [TENANT],
  )
  await audit('ingestion.run', `task:${run}`)
  await audit('ticket.correct', `ticket:${urgent}`)
})
afterAll(() => client?.end())

beforeEach(() => {
  ledger = emptyLedger()
  ledger.runs.add(run)
  noteCorrection(ledger, TENANT, urgent)
})

/** The sentences about a database in which this was done besides; it is undone afterwards. */
async function violationsAfter(...planted: (string | (() => unknown))[]): Promise<string[]> {
  await client.end()
  const copy = await createDatabase(inject('serverUrl'), new URL(database.url).pathname.slice(1))
  client = new Client({ connectionString: copy.url })
  await client.connect()
  try {
    for (const each of planted) await (typeof each === 'string' ? client.query(each) : each())
    return await invariantViolations(copy.url, ledger)
  } finally {
    await client.end()
    await copy.drop()
    client = new Client({ connectionString: database.url })
    await client.connect()
  }
}

/** What breaks each invariant, in each of the ways that it may break, and nothing else. */
const PLANTED: [invariant: number, what: string, planted: (string | (() => unknown))[], sentence: string][] = [
  [
    0,
    'a signal that was never raised',
    ['delete from deliveries', 'delete from signals', `delete from audit_log where action = 'signal.acknowledge'`],
    'never had a signal',
  ],
  [
    0,
    'a signal that nobody resolved',
    [`update signals set state = 'resolved', resolved_at = now()`],
    'was resolved, by nobody',
  ],
  [
    0,
    'a ticket that came back unnoticed',
    [
      `update signals set state = 'resolved', resolved_at = now(), resolved_by = 'operator'`,
      () => audit('signal.resolve', `signal:${signal}`),
      `insert into ticket_history (tenant_id, ticket_id, action, recorded_at) select tenant_id, ticket_id, 'restored', now() from tickets`,
    ],
    'became urgent again without a signal',
  ],
  [
    1,
    'a calm ticket with a signal',
    ['alter table tickets disable trigger signal_updated', `update tickets set urgency = 'low'`],
    'its ticket is not urgent',
  ],
  [
    2,
    'a signal raised twice',
    [
      'drop index signals_once',
      `insert into signals (tenant_id, kind, subject, severity, title, dedupe_key) select tenant_id, kind, subject, severity, title, dedupe_key from signals`,
      deliver,
    ],
    '2 unresolved signals',
  ],
  [3, 'a delivery that was given up', [`update deliveries set state = 'dead'`], 'its delivery is dead'],
  [3, 'a delivery that waits', [`update deliveries set state = 'waiting'`], 'its delivery is waiting'],
  [3, 'a signal that is told nobody', ['delete from deliveries'], 'has no delivery'],
  [4, 'an attempt without an outcome', ['update delivery_attempts set outcome = null'], '0 outcomes of 1 attempts'],
  [4, 'an attempt that is not recorded', ['update deliveries set attempts = 2'], '1 outcomes of 2 attempts'],
  [
    5,
    'a task that waits',
    [
      `insert into tasks (tenant_id, kind, payload, attempts_max, created_by) values ('${TENANT}', 'test', '{}', 1, 'operator')`,
    ],
    'is queued',
  ],
  [6, 'a delivery with a lease', [`update deliveries set lease_expires_at = now()`], 'has a lease'],
  [
    6,
    'a sweep with a lease',
    [`insert into ingestion.sweeps (connection, expires_at) values ('provider', now() + interval '1 minute')`],
    'the sweep of provider has a lease',
  ],
  [7, 'a run without a log', [() => ledger.runs.add(randomUUID())], 'has no log'],
  [8, 'a run that is logged twice', [() => audit('ingestion.run', `task:${run}`)], 'done 1 times, logged 2 times'],
  [
    8,
    'a correction that is not logged',
    [() => noteCorrection(ledger, TENANT, urgent)],
    'done 2 times, logged 1 times',
  ],
  [8, 'a signal that nobody took', [() => audit('signal.resolve', `signal:${signal}`)], 'done 0 times, logged 1 times'],
  [
    8,
    'an acknowledgement that is not logged',
    [`delete from audit_log where action = 'signal.acknowledge'`],
    'done 1 times, logged 0 times',
  ],
]

describe('the invariants', () => {
  it('hold when nothing is wrong', async () => {
    expect(await violationsAfter()).toEqual([])
  })

  it.each(PLANTED)('%i bites: %s', async (invariant, _what, planted, sentence) => {
    const found = await violationsAfter(...planted)
    expect(found.length).toBeGreaterThan(0)
    for (const each of found) expect(each).toContain(INVARIANTS[invariant]?.name)
    expect(found.join()).toContain(sentence)
  })

  it('see a task that runs, its lease, and a log without an end', async () => {
    const running = `update tasks set status = 'running', ended_at = null, lease_owner = '1:x', lease_expires_at = now()`
    const found = await violationsAfter(running)
    for (const invariant of [5, 6, 7]) expect(found.join()).toContain(INVARIANTS[invariant]?.name)
  })

  it('are each broken by something here', () => {
    const broken = new Set(PLANTED.map(([invariant]) => invariant))
    expect(broken.size).toBe(INVARIANTS.length)
  })
})

describe('what the receiver got', () => {
  const told = async (sent: number) => {
    const ticket = await one(`select facts ->> 'external_id' from signals`)
    return receiverViolations(database.url, sent === 0 ? [] : [{ ticket_id: ticket, attempts: sent, sent }])
  }

  it('is once what was delivered once', async () => {
    expect(await told(1)).toEqual([])
  })

  it('is wrong when it never came, and when it came twice without a reason', async () => {
    expect(await told(0)).toEqual([expect.stringContaining('0 times; delivered 1 times')])
    expect(await told(2)).toEqual([expect.stringContaining('2 times; delivered 1 times')])
  })

  it('may be twice what was lost, timed out or broken off once, and not what was refused with a status', async () => {
    const another = (outcome: string, status: number | null) =>
      client.query(
        `insert into delivery_attempts (tenant_id, delivery_id, attempt, outcome, status_code)
         select tenant_id, delivery_id, 2, $1, $2 from deliveries
         on conflict (tenant_id, delivery_id, attempt) do update set outcome = $1, status_code = $2`,
        [outcome, status],
      )
    for (const [outcome, status, problems] of [
      ['lost', null, 0],
      ['failed', null, 0],
      ['failed', 500, 1],
    ] as const) {
      await another(outcome, status)
      expect(await told(2), outcome).toHaveLength(problems)
    }
  })
})
