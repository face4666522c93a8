import { Client } from 'pg'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { type Listener, listenToEvents, listenToWebSocket } from '../../../../test/harness/listeners.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, startSystemHere, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'

/** Answers requests; the tasks are worked by another one, which the tests let begin. */
const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)
beforeAll(() => Promise.all([make.makeTenant('alder'), make.makeTenant('birch')]))

const operator = { token: OPERATOR_TOKEN }
const asStream = { ...operator, headers: { accept: 'text/event-stream' } }
const startWorker = (more = {}) => startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'worker', ...more })
const pathOf = (task: string, more = '') => `${system.url}/api/v1/tasks/${task}${more}`
const add = async (body: Record<string, unknown>, tenant = 'alder') => {
  const url = `${system.url}/api/v1/tasks?tenant_id=${tenant}`
  const made = await call<{ task_id: string }>(url, { method: 'POST', ...operator, body })
  expect(made.status, made.text).toBe(201)
  return made.body.task_id
}
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString()
const steps = (count: number, milliseconds = 0) => ({ kind: 'demo.progress', payload: { steps: count, milliseconds } })

const FORMS = [
  ['server-sent events', (url: string) => listenToEvents(url, asStream)],
  ['a WebSocket', (url: string) => listenToWebSocket(url, operator)],
] as const

const textsOf = ({ events }: Listener) =>
  events.filter(({ event }) => event === 'log').map(({ data }) => String(data.text))
const range = (count: number) => Array.from({ length: count }, (_, index) => `Step ${index + 1} of ${count} is done.`)
/** What is told of a task in an order that does not hang on who is faster: states between two others may be left out. */
const gist = ({ events }: Listener) =>
  events
    .filter(({ event }) => event !== 'state')
    .map(({ event, data }) => [event, data.outcome ?? data.text].filter((part) => part !== undefined).join(' '))

describe.each(FORMS)('the events of a task as %s', (_form, listen) => {
  it('begin with what has happened, go on with what happens in another process, and end with the task', async () => {
    const id = await add(steps(3))
    const early = await listen(pathOf(id, '/events'))
    await waitFor('it was never told how the task is', () => early.events.some(({ event }) => event === 'state'))
    expect(early.events.map(({ event }) => event)).toEqual(['created', 'state'])
    expect(early.events.at(-1)?.data).toMatchObject({ task_id: id, status: 'queued', progress: {} })
    const worker = await startWorker()
    await waitFor('it never ended', early.isOver)
    const late = await listen(pathOf(id, '/events'))
    await waitFor('the late one never ended', late.isOver)
    const told = ['created', ...range(3).map((text) => `log ${text}`), 'attempt_ended succeeded', 'ended succeeded']
    expect([gist(early), gist(late)]).toEqual([told, told])
    await worker.stop()
  })

  it('go on after the event that was seen last, each once', async () => {
    const id = await add(steps(250))
    const worker = await startWorker()
    const first = await listen(pathOf(id, '/events'))
    await waitFor('it was never told of a step', () => textsOf(first).length > 0)
    first.leave()
    await waitFor('the task never ended', async () => (await call(pathOf(id), operator)).body.status === 'succeeded')
    const seen = [...first.events]
    const again = await listen(pathOf(id, `/events?last_event_id=${seen.at(-1)?.id}`))
    await waitFor('it never ended', again.isOver)
    expect([...textsOf({ ...first, events: seen }), ...textsOf(again)]).toEqual(range(250))
    await worker.stop()
  })

  it('tell of a change by a caller, and that the task was deleted', async () => {
    const id = await add({ title: 'Later', run_at: tomorrow() })
    const listener = await listen(pathOf(id, '/events'))
    await waitFor('it was never told how the task is', () => listener.events.length === 2)
    await call(pathOf(id), { method: 'PATCH', ...operator, body: { title: 'Much later' } })
    await waitFor('the change was never told', () => listener.events.length === 3)
    expect(listener.events.at(-1)).toMatchObject({ event: 'state', data: { title: 'Much later', version: 2 } })
    await call(pathOf(id), { method: 'DELETE', ...operator })
    await waitFor('it never ended', listener.isOver)
  })
})

describe('the events of a task', () => {
  it('are a JSON document for who asks for no stream', async () => {
    const id = await add({ title: 'Later', run_at: tomorrow() })
    const { body, headers } = await call<{ events: { event: string }[] }>(pathOf(id, '/events'), operator)
    expect(headers.get('content-type')).toContain('application/json')
    expect(body.events.map(({ event }) => event)).toEqual(['created'])
  })

  it('tell of each attempt that failed, and why', async () => {
    const id = await add({ kind: 'demo.fail', payload: { times: 1, message: 'Not yet.' } })
    const listener = await listenToEvents(pathOf(id, '/events'), asStream)
    const worker = await startWorker()
    await waitFor('it never ended', listener.isOver)
    expect(listener.events.filter(({ event }) => event === 'attempt_ended').map(({ data }) => data)).toMatchObject([
      { attempt: 1, outcome: 'retry', error: { message: 'Not yet.' } },
      { attempt: 2, outcome: 'succeeded' },
    ])
    await worker.stop()
  })

  it('tell of progress while it grows', async () => {
    const id = await add(steps(10_000, 20))
    const listener = await listenToEvents(pathOf(id, '/events'), asStream)
    const worker = await startWorker()
    const progress = () =>
      listener.events.flatMap(({ event, data }) =>
        event === 'state' ? [(data.progress as { done?: number }).done ?? 0] : [],
      )
    await waitFor('it was never told of progress twice', () => new Set(progress()).size > 3)
    await call(pathOf(id, '/cancel'), { method: 'POST', ...operator })
    await waitFor('it never ended', listener.isOver)
    expect(progress()).toEqual(progress().toSorted((a, b) => a - b))
    await worker.stop()
  })

  it('are told though the listening connection was lost meanwhile', async () => {
    const id = await add({ title: 'Later', run_at: tomorrow() })
    const listener = await listenToEvents(pathOf(id, '/events'), asStream)
    await waitFor('it was never told how the task is', () => listener.events.length === 2)
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'signalbox listen'`,
      ),
    )
    await call(pathOf(id, '/cancel'), { method: 'POST', ...operator })
    await waitFor('its end was never told', listener.isOver)
    expect(gist(listener).at(-1)).toBe('ended cancelled')
  })

  it('are notified of while somebody follows it, and not of a task that nobody looks at', async () => {
    const [followed, ignored] = [
      await add({ title: 'A', run_at: tomorrow() }),
      await add({ title: 'B', run_at: tomorrow() }),
    ]
    const told: string[] = []
    const hearing = new Client(system.databaseUrl)
    onTestFinished(() => hearing.end())
    await hearing.connect()
    hearing.on('notification', ({ payload }) => told.push(payload ?? ''))
    await hearing.query('listen signalbox_tasks')
    const listener = await listenToEvents(pathOf(followed, '/events'), asStream)
    await waitFor('it was never told how the task is', () => listener.events.length === 2)
    for (const id of [ignored, followed]) await call(pathOf(id, '/cancel'), { method: 'POST', ...operator })
    await waitFor('nobody was notified', () => told.length > 0)
    expect(new Set(told)).toEqual(new Set([`alder ${followed}`]))
  })

  it('begin and go on though somebody is changing the task in the moment', async () => {
    const id = await add({ title: 'Later', run_at: tomorrow() })
    const writer = new Client(system.databaseUrl)
    onTestFinished(() => writer.end())
    await writer.connect()
    await writer.query('begin')
    await writer.query(`update tasks set title = 'Changed' where task_id = $1`, [id])
    const listener = await listenToEvents(pathOf(id, '/events'), asStream)
    await waitFor('it was never told how the task is', () => listener.events.length === 2)
    await writer.query('commit')
    await waitFor('the change was never told', () => listener.events.at(-1)?.data.title === 'Changed')
    await call(pathOf(id, '/cancel'), { method: 'POST', ...operator })
    await waitFor('it never ended', listener.isOver)
  })

  it('are shown to nobody who may not see the task, in whatever form', async () => {
    const id = await add({ title: 'Later', run_at: tomorrow() })
    const other = (await make.makeKey('birch', ['task.use', 'task.read'])).secret
    const own = (await make.makeKey('alder', ['task.use'])).secret
    for (const token of [other, own]) {
      for (const listen of [listenToEvents, listenToWebSocket]) {
        const refused = await listen(pathOf(id, '/events'), { token, headers: { accept: 'text/event-stream' } })
        expect([refused.status, refused.problem.code]).toEqual([404, 'tasks.not_found'])
      }
    }
  })

  it('refuse an id that is none, and begin where the task is after a number that is not there yet', async () => {
    const id = await add({ title: 'Later', run_at: tomorrow() })
    const refused = await listenToEvents(pathOf(id, '/events'), {
      ...operator,
      headers: { accept: 'text/event-stream', 'last-event-id': 'x' },
    })
    expect([refused.status, refused.problem.code]).toEqual([422, 'http.invalid'])
    const ahead = await listenToEvents(pathOf(id, '/events?last_event_id=999999999'), asStream)
    await call(pathOf(id, '/cancel'), { method: 'POST', ...operator })
    await waitFor('its end was never told', ahead.isOver)
  })
})
