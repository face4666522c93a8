import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { ownPostgres } from '../../../../test/harness/own-postgres.ts'
import { createDatabase } from '../../../../test/harness/server.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { openDatabase } from '../../../platform/database/index.ts'
import { MINUTE } from '../clock/clock.fixture.ts'
import { clockKind, opened, someTenant } from '../subjects/clock-kind.fixture.ts'
import { alerting } from './alerting.fixture.ts'

const PROCESS = fileURLToPath(new URL('./alerting-process.fixture.ts', import.meta.url))
const kind = { ...clockKind([{ fromMs: 0, minutes: { high: 60 } }]), targets: ['resolution'] as const }
const db = testDatabase()

function startProcess(url: string): ChildProcess {
  const child = spawn(process.execPath, [PROCESS, url], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

describe('a scheduler that is killed between its claim and its commit', () => {
  it('has told nobody, and another one tells once', async () => {
    const { record, signals } = alerting(db, kind)
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    await record(tenant, [{ subjectId, events: [opened(80)] }])
    const superuser = new Client({ connectionString: db.url })
    await superuser.connect()
    onTestFinished(() => superuser.end())
    const count = async (text: string) => (await superuser.query<{ count: number }>(text)).rows[0]?.count
    // Whoever has claimed stands before the signal that it is about to raise.
    await superuser.query('begin; lock table signals in share mode')
    const first = startProcess(db.url)
    const standing = `select count(*)::integer as count from pg_locks where relation = 'signals'::regclass and not granted`
    await waitFor('the first scheduler never came to its signal', async () => (await count(standing)) === 1)
    first.kill('SIGKILL')
    await once(first, 'exit')
    await superuser.query('commit')
    await waitFor('the first scheduler is still connected', async () => {
      const sessions = `select count(*)::integer as count from pg_stat_activity where datname = current_database()
        and application_name like 'signalbox%' and state = 'active' and wait_event_type = 'Lock'`
      return (await count(sessions)) === 0
    })
    startProcess(db.url)
    await waitFor('the second scheduler tells nobody', async () => (await signals(tenant)).length > 0)
    const woken = 'select count(*)::integer as count from clock_subjects where wake_at <= now()'
    await waitFor('something is still due', async () => (await count(woken)) === 0)
    expect(await signals(tenant)).toMatchObject([{ kind: 'sla.breached', subject: `thing:${subjectId}`, alerts: 1 }])
  })
})

describe('a database that crashes', () => {
  it('comes back to a scheduler that tells each deadline once, those that passed meanwhile too', async () => {
    const postgres = await ownPostgres()
    onTestFinished(() => postgres.close())
    const { url } = await createDatabase(postgres.url)
    const database = openDatabase({ url, max: 6, logger: silent })
    onTestFinished(() => database.close())
    const { record, signals, schedule, tell } = alerting({ url, database }, kind)
    const tenant = await someTenant(database)
    const ids = Array.from({ length: 12 }, () => randomUUID())
    await schedule()
    const due = (place: number) => ({ ...opened(60), atMs: Date.now() - 60 * MINUTE + place * 250 })
    await record(
      tenant,
      ids.map((subjectId, place) => ({ subjectId, events: [due(place)] })),
    )
    await waitFor('the first deadline was not told', async () => (await signals(tenant)).length > 0)
    await postgres.stop('immediate')
    await postgres.start()
    const told = await waitFor('not every deadline was told', async () => {
      const found = await signals(tenant).catch(() => [])
      return found.length >= ids.length ? found : undefined
    })
    expect(told.map(({ subject }) => subject)).toEqual(ids.map((id) => `thing:${id}`).toSorted())
    await tell(tenant)
    expect(await signals(tenant)).toHaveLength(ids.length)
  })
})
