import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { silent } from '../../../../test/harness/database.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { removeOld } from '../../../../test/harness/remove-old.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { openDatabase } from '../../../platform/database/index.ts'
import { reportsModule } from './index.ts'

type Task = {
  task_id: string
  status: string
  error: { code: string } | null
  result: { bytes: number; parts: number; download: string }
}

/** Without a scheduler: it would classify these tickets anew, between one file of them and the next. */
const system = testSystem({ SIGNALBOX_ROLES: 'api,worker' })
/** With room for one megabyte. */
const small = testSystem({ REPORTS_MEGABYTES_MAX: '1' })
const make = factories(system)
const admin = <Row extends object>(text: string, values: unknown[] = []) =>
  administer(system.databaseUrl, async (client) => (await client.query<Row>(text, values)).rows)
const FORMULA = '=HYPERLINK("http://evil.example")'

/** Long enough for several parts of a report. */
beforeAll(async () => {
  await make.makeTenant('alder')
  await admin(
    `insert into tickets (tenant_id, ticket_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
     select 'alder', uuidv7(make_interval(secs => n)), 'ext-' || n, 'email', 'cust', $1, repeat('word ', 300), 'open', now(), now()
     from generate_series(1, 2000) n`,
    [FORMULA],
  )
  // The desk gives each its priority a moment later: before that, two files of the same tickets may differ.
  await waitFor('the desk never came to an end with them', async () => {
    const [left] = await admin<{ count: number }>('select count(*)::int as count from ticket_events')
    return left?.count === 0
  })
})

const ask = <Body = Task>(path: string, { token = OPERATOR_TOKEN, base = system.url, ...more } = {} as Asking) =>
  call<Body>(`${base}/api/v1/tasks${path}`, { token, ...more })
type Asking = { token?: string; base?: string; method?: string; body?: unknown }
const handOver = (payload: object, more: Asking = {}) =>
  ask('?tenant_id=alder', { method: 'POST', body: { kind: 'report.export', payload }, ...more })
const ends = (id: string, base = system.url) =>
  waitFor('the report never ended', async () => {
    const { body } = await ask(`/${id}`, { base })
    return ['succeeded', 'failed'].includes(body.status) ? body : undefined
  })
const report = async (payload: object) => {
  const made = await handOver(payload)
  expect(made.status, made.text).toBe(201)
  return ends(made.body.task_id)
}
const download = (id: string, token = OPERATOR_TOKEN) =>
  fetch(`${system.url}/api/v1/tasks/${id}/report`, { headers: { authorization: `Bearer ${token}` } })
const partsOf = (id: string) => admin('select part from report_parts where task_id = $1', [id])

describe('a report', () => {
  it.each(['csv', 'ndjson'])('of tickets as %s is what their export is, in parts', async (format) => {
    const { task_id, result } = await report({ subject: 'tickets', format, filter: { status: 'open' } })
    expect(result.parts).toBeGreaterThan(3)
    const file = await download(task_id)
    expect(Number(file.headers.get('content-length'))).toBe(result.bytes)
    expect(file.headers.get('content-disposition')).toContain(`tickets-alder-${task_id}.${format}`)
    const exported = await fetch(`${system.url}/tickets/export?tenant_id=alder&status=open&format=${format}`, {
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
    })
    expect(await file.text()).toBe(await exported.text())
  })

  it('of tasks has each that the filter leaves once, and no cell that is a formula', async () => {
    const later = new Date(Date.now() + 86_400_000).toISOString()
    const tasks = Array.from({ length: 450 }, () => ({ title: FORMULA, run_at: later }))
    const body = { tasks }
    const made = await ask<{ tasks: Task[] }>('/bulk?tenant_id=alder', { method: 'POST', body })
    const done = await report({ subject: 'tasks', filter: { status: ['queued'], kind: ['note.process'] } })
    const lines = (await (await download(done.task_id)).text()).split('\r\n')
    expect(lines[0]).toMatch(/^task_id,tenant_id,kind,title,/)
    const ids = lines.slice(1, -1).map((line) => line.slice(1, 37))
    expect(ids.toSorted()).toEqual(made.body.tasks.map(({ task_id }) => task_id).toSorted())
    // The guard of the export of tickets: an apostrophe and an invisible separator.
    expect(lines.slice(1, -1).every((line) => line.includes(`"'\u2063=HYPERLINK(""`))).toBe(true)
  })

  it('of signals has each that the filter leaves', async () => {
    const id = await make.makeSignal('alder')
    const done = await report({ subject: 'signals', format: 'ndjson' })
    const lines = (await (await download(done.task_id)).text()).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).signal_id)).toContain(id)
  })

  it('that is made again has nothing of the one before', async () => {
    const { task_id, result } = await report({ subject: 'tickets' })
    await ask(`/${task_id}/retry`, { method: 'POST' })
    expect((await ends(task_id)).result.parts).toBe(result.parts)
    expect(await partsOf(task_id)).toHaveLength(result.parts)
    const { body } = await ask<{ events: { event: string }[] }>(`/${task_id}/events`)
    expect(body.events.filter(({ event }) => event === 'attempt_ended')).toHaveLength(2)
  })

  it('goes with its task', async () => {
    const { task_id } = await report({ subject: 'tickets' })
    expect(await partsOf(task_id)).not.toEqual([])
    await ask(`/${task_id}`, { method: 'DELETE' })
    expect(await partsOf(task_id)).toEqual([])
  })

  it('is there for a week', async () => {
    const { task_id } = await report({ subject: 'signals' })
    await admin(`update reports set created_at = now() - interval '8 days' where task_id = $1`, [task_id])
    expect((await download(task_id)).status).toBe(410)
    const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
    await removeOld(database, { reports: reportsModule.retention?.reports as never })
    await database.close()
    expect(await partsOf(task_id)).toEqual([])
    expect((await download(task_id)).status).toBe(410)
  })

  it('beyond what a tenant may keep fails for good, says so, and takes no room from the next one', async () => {
    await factories(small).makeTenant('birch')
    await administer(small.databaseUrl, (superuser) =>
      superuser.query(
        `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
         select 'birch', 'ext-' || n, 'email', 'cust', 'A subject', repeat('word ', 300), 'open', now(), now()
         from generate_series(1, 1500) n`,
      ),
    )
    const make = async (subject: string) => {
      const made = await call<Task>(`${small.url}/api/v1/tasks?tenant_id=birch`, {
        ...{ method: 'POST', token: OPERATOR_TOKEN, body: { kind: 'report.export', payload: { subject } } },
      })
      return ends(made.body.task_id, small.url)
    }
    const refused = await make('tickets')
    expect([refused.status, refused.error?.code]).toEqual(['failed', 'reports.too_large'])
    const answer = await call(`${small.url}/api/v1/tasks/${refused.task_id}/report`, { token: OPERATOR_TOKEN })
    expect([answer.status, answer.body.code]).toEqual([409, 'reports.not_ready'])
    expect((await make('signals')).status).toBe('succeeded')
    const left = await administer(
      small.databaseUrl,
      async (superuser) => (await superuser.query('select from reports')).rows,
    )
    expect(left).toHaveLength(1)
  })
})

describe('who may', () => {
  const keyFor = async (...permissions: string[]) => (await make.makeKey('alder', permissions)).secret

  it('not read what it is of neither hands a report over, nor turns one into it, nor downloads it', async () => {
    const own = await keyFor('task.use', 'task.read', 'task.create', 'signal.read')
    const refused = await handOver({ subject: 'tickets' }, { token: own })
    expect([refused.status, (refused.body as unknown as { code: string }).code]).toEqual([
      403,
      'tasks.kind_not_permitted',
    ])
    const later = new Date(Date.now() + 86_400_000).toISOString()
    const body = { kind: 'report.export', payload: { subject: 'signals' }, run_at: later }
    const made = await ask('?tenant_id=alder', { method: 'POST', token: own, body })
    expect(made.status).toBe(201)
    const turned = await ask(`/${made.body.task_id}`, {
      method: 'PATCH',
      token: own,
      body: { payload: { subject: 'tickets' } },
    })
    expect(turned.status).toBe(403)
    const { task_id } = await report({ subject: 'tickets' })
    expect((await download(task_id, own)).status).toBe(403)
    expect((await download(task_id, await keyFor('task.use', 'ticket.read'))).status).toBe(404)
    expect((await download(task_id, await keyFor('task.use', 'task.read', 'ticket.read'))).status).toBe(200)
  })

  it('read the task of another kind is told that there is no report', async () => {
    const made = await ask('?tenant_id=alder', { method: 'POST', body: { title: 'A note' } })
    const answer = await download(made.body.task_id)
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([409, 'reports.not_ready'])
  })
})
