import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { whatIsDue } from '../src/core/clocks/alerts/store.ts'
import { tellDue } from '../src/core/clocks/alerts/tell-due.ts'
import type { PolicyVersion } from '../src/core/clocks/clock/clock.fixture.ts'
import { clockKind, someTenant } from '../src/core/clocks/subjects/clock-kind.fixture.ts'
import { measureNext } from '../src/core/clocks/subjects/measure-again.ts'
import { readClocks } from '../src/core/clocks/subjects/read-clocks.ts'
import { type NewClockEvent, recordEvents } from '../src/core/clocks/subjects/record-events.ts'
import { subjectKinds } from '../src/core/clocks/subjects/subject-kind.ts'
import { createLogger } from '../src/kernel/logger.ts'
import type { TenantId } from '../src/kernel/tenant-id.ts'
import { commitSoon, type Database, openDatabase } from '../src/platform/database/index.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { waitFor } from '../test/harness/wait-for.ts'

const FEW_OPEN = 2_000
const MANY_OPEN = Number(process.env.CLOCKS_OPEN ?? 200_000)
const RECORDED = 8_000
/** Of three clocks each. */
const MEASURED_AGAIN = 66_750
const DUE_AT_ONCE = 100
const TICKS = 7
const DUE_IN_A_MINUTE = 1_000
const MINUTE_MS = 60_000
const PROCESS = fileURLToPath(new URL('../src/core/clocks/alerts/alerting-process.fixture.ts', import.meta.url))

const versions: PolicyVersion[] = [{ fromMs: 0, minutes: { high: 60, low: 100_800 } }]
const kind = clockKind(versions)
const kinds = subjectKinds()
kinds.declare(kind)

/** What clocks of many subjects cost: recording, a tick of the scheduler beside a scan of all that is open, lateness, measuring again. */
export async function benchOpenClocks(): Promise<void> {
  const server = await startTestServer({ durable: true })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const database = openDatabase({ url: made.url, max: 6, logger: createLogger({ level: 'warn' }) })
    try {
      await measureAll(database, made.url)
    } finally {
      await database.close()
      await made.drop()
    }
  } finally {
    await server.close()
  }
}

async function measureAll(database: Database, url: string): Promise<void> {
  const tenantId = await someTenant(database)
  await open(database, tenantId, FEW_OPEN)
  console.log(
    `a tick with ${DUE_AT_ONCE} due      ${await ticks(database, tenantId)}   of ${FEW_OPEN.toLocaleString('en')} open`,
  )
  const seconds = await secondsOf(() => open(database, tenantId, RECORDED))
  console.log(
    `recorded                 ${perSecond(RECORDED, seconds)} subjects a second, three events and three clocks each, by one writer`,
  )
  await copyOpen(url, MANY_OPEN)
  console.log(
    `a tick with ${DUE_AT_ONCE} due      ${await ticks(database, tenantId)}   of ${MANY_OPEN.toLocaleString('en')} open`,
  )
  const scan = await secondsOf(() => scanAll(database, tenantId))
  console.log(`a scan of all open       ${scan.toFixed(1)} s: what a look would cost that knows nothing of what is due`)
  await lateness(database, tenantId, url)
  versions.push({ fromMs: Date.now(), minutes: { high: 60, low: 50_400 } })
  const { count, seconds: again } = await measureAllAgain(database, tenantId)
  console.log(
    `measured again           ${(count * 3).toLocaleString('en')} clocks of ${count.toLocaleString('en')} subjects in ${again.toFixed(0)} s, ${perSecond(count * 3, again)} clocks a second, by one worker`,
  )
}

/** A ticket's first hours: opened, answered, and the customer has written again. */
function life(priority: 'high' | 'low', openedMs: number): NewClockEvent[] {
  return [
    { eventId: '1', atMs: openedMs, kind: 'opened', status: 'open', attributes: { priority } },
    { eventId: '2', atMs: openedMs + 1_000, kind: 'replied', by: 'us' },
    { eventId: '3', atMs: openedMs + 2_000, kind: 'replied', by: 'them' },
  ]
}

async function open(database: Database, tenantId: TenantId, count: number): Promise<void> {
  for (let done = 0; done < count; done += 1_000) {
    const subjects = Array.from({ length: Math.min(1_000, count - done) }, (_, place) => ({
      subjectId: randomUUID(),
      events: life('low', Date.now() - 60 * MINUTE_MS - (done + place) * 100),
    }))
    await database.withTenant(tenantId, (tx) => recordEvents(tx, { tenantId, kind }, subjects))
  }
}

/** Copies what is open until there are so many: recording them one by one would take most of the time. */
async function copyOpen(url: string, wanted: number): Promise<void> {
  await administer(url, async (client) => {
    await client.query(`
      set session_replication_role = replica;
      create temporary table copies as
        select tenant_id, subject_id, gen_random_uuid() as copy from clock_subjects
        cross join generate_series(1, ${Math.ceil(wanted / RECORDED)}) where settled_at is null and wake_at > now() + interval '1 day' limit ${wanted}`)
    for (const table of ['clock_subjects', 'clock_events', 'clocks']) {
      const { rows } = await client.query<{ columns: string }>(
        `select string_agg(attname, ', ') as columns from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> 'subject_id'`,
        [table],
      )
      const columns = rows[0]?.columns ?? ''
      await client.query(`insert into ${table} (subject_id, ${columns})
        select copies.copy, ${columns.replace('tenant_id', 't.tenant_id')} from ${table} t join copies using (subject_id)`)
    }
    await client.query('analyze')
  })
}

/** Subjects whose resolution is due at these instants, and no message waits. */
async function openDue(database: Database, tenantId: TenantId, dueMs: readonly number[]): Promise<void> {
  const subjects = dueMs.map((atMs) => ({
    subjectId: randomUUID(),
    events: life('high', atMs - 60 * MINUTE_MS).slice(0, 2),
  }))
  await database.withTenant(tenantId, (tx) => recordEvents(tx, { tenantId, kind }, subjects))
}

/** Milliseconds of a look and of telling what it finds. */
async function ticks(database: Database, tenantId: TenantId): Promise<string> {
  const took: number[] = []
  for (let tick = 0; tick < TICKS; tick++) {
    await openDue(
      database,
      tenantId,
      Array.from({ length: DUE_AT_ONCE }, () => Date.now() - 1_000),
    )
    const began = performance.now()
    await database.acrossTenantsAtOnce('the benchmark looks', [whatIsDue])
    const { lateness } = await tellDue({ database, kinds, togetherMax: 200 }, tenantId)
    took.push(performance.now() - began)
    if (lateness.length !== DUE_AT_ONCE) throw new Error(`${lateness.length} alerts were told`)
  }
  const sorted = took.toSorted((one, other) => one - other)
  const show = (ms: number | undefined) => (ms ?? 0).toFixed(0)
  return `${show(sorted[Math.floor(TICKS / 2)]).padStart(7)} ms   (${show(sorted[0])} to ${show(sorted.at(-1))})`
}

/** As it is written first: all that is open, measured to see whether something is due. */
async function scanAll(database: Database, tenantId: TenantId): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const ids = await database.withTenant(tenantId, async (tx) => {
      const { rows } = await sql<{ subject_id: string }>`
        select subject_id from clock_subjects where kind = ${kind.name} and settled_at is null and subject_id > ${after}
        order by subject_id limit 1000`.execute(tx)
      const found = rows.map(({ subject_id }) => subject_id)
      await readClocks(tx, { tenantId, kind }, found)
      return found
    })
    if (ids.length === 0) return
    after = ids.at(-1) ?? after
  }
}

/** So many due within a minute, told by two processes. */
async function lateness(database: Database, tenantId: TenantId, url: string): Promise<void> {
  const processes = [1, 2].map(() =>
    spawn(process.execPath, [PROCESS, url, 'first_response,next_response,resolution'], { stdio: 'inherit' }),
  )
  try {
    const beganMs = Date.now() + 10_000
    const due = Array.from({ length: DUE_IN_A_MINUTE }, (_, place) => beganMs + (place * MINUTE_MS) / DUE_IN_A_MINUTE)
    await openDue(database, tenantId, due)
    const told = () =>
      database.withTenant(tenantId, async (tx) => {
        const { rows } = await sql<{ count: number; half: number; most: number; last: number }>`
          select count(*)::integer as count, percentile_cont(0.5) within group (order by late) as half,
            percentile_cont(0.99) within group (order by late) as most, max(late) as last
          from (select extract(epoch from s.raised_at - a.reached_at)::float8 as late from clock_alerts a
            join signals s using (tenant_id, signal_id) where a.reached_at >= ${new Date(beganMs)}) as alerts`.execute(
          tx,
        )
        return rows[0]
      })
    const found = await waitFor(
      'not every deadline was told',
      async () => {
        const row = await told()
        return row && row.count >= DUE_IN_A_MINUTE ? row : undefined
      },
      180,
    )
    console.log(
      `told by two processes    ${found.count} due within a minute: ${found.half.toFixed(3)} s late in the middle, ${found.most.toFixed(3)} s at p99, ${found.last.toFixed(3)} s at most`,
    )
  } finally {
    for (const each of processes) each.kill('SIGKILL')
  }
}

async function measureAllAgain(database: Database, tenantId: TenantId) {
  let [after, count]: [string | null, number] = [null, 0]
  const seconds = await secondsOf(async () => {
    for (let isMore = true; isMore; ) {
      await database.withTenant(tenantId, async (tx) => {
        await commitSoon.execute(tx)
        const batch = await measureNext(tx, { tenantId, kind }, { after, limit: 250, isAll: false })
        after = batch.last ?? after
        count += batch.count
        isMore = batch.count === 250 && count < MEASURED_AGAIN
      })
    }
  })
  return { count, seconds }
}

const perSecond = (count: number, seconds: number) => Math.round(count / seconds).toLocaleString('en')

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}
