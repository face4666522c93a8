import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../../../test/harness/call.ts'
import { factories, type Member } from '../../../test/harness/factories.ts'
import { listenToEvents, listenToWebSocket } from '../../../test/harness/listeners.ts'
import { administer } from '../../../test/harness/server.ts'
import { OPERATOR_TOKEN, startSystemHere, testSystem } from '../../../test/harness/system.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)

let agent: Member
beforeAll(async () => {
  await Promise.all([make.makeTenant('alder'), make.makeTenant('birch')])
  agent = await make.makePerson('alder', 'agent')
})

const FORMS = [
  ['server-sent events', listenToEvents],
  ['a WebSocket', listenToWebSocket],
] as const
const streamOf = (tenant: string, more = '', base = system.url) =>
  `${base}/api/v1/signals/stream?tenant_id=${tenant}${more}`
const asAgent = () => ({ token: agent.token })
const idsOf = ({ events }: { events: { data: Record<string, unknown> }[] }) => events.map(({ data }) => data.signal_id)
type Listed = { signals: { signal_id: string }[]; last_event_id: string }
const list = async () =>
  (await call<Listed>(`${system.url}/api/v1/signals?tenant_id=alder&state=all&limit=200`, asAgent())).body

const LISTENING = `application_name = 'signalbox listen'`
const connections = () =>
  administer(system.databaseUrl, async (superuser) => {
    const { rows } = await superuser.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and ${LISTENING}`,
    )
    return rows.map(({ pid }) => pid)
  })

describe.each(FORMS)('a stream of signals as %s', (_form, listen) => {
  it('tells what changes from now on, as the API shows it, and nothing of other tenants', async () => {
    await make.makeSignal('alder')
    const listener = await listen(streamOf('alder'), asAgent())
    await make.makeSignal('birch')
    const id = await make.makeSignal('alder')
    await waitFor('it was never told', () => listener.events.length === 1)
    const taken = await call(`${system.url}/api/v1/signals/${id}/acknowledge`, { method: 'POST', ...asAgent() })
    await waitFor('the change was never told', () => listener.events.length === 2)
    expect(idsOf(listener)).toEqual([id, id])
    const [, last] = listener.events
    expect(last).toEqual({ id: String(taken.body.change), event: 'signal', data: taken.body })
    listener.leave()
  })

  it('goes on after the list that it was begun with, and after the last event that was seen', async () => {
    const before = await list()
    const missed = [await make.makeSignal('alder'), await make.makeSignal('alder')]
    const listener = await listen(streamOf('alder', `&last_event_id=${before.last_event_id}`), asAgent())
    await waitFor('what was missed was never told', () => listener.events.length === 2)
    expect(idsOf(listener)).toEqual(missed)
    listener.leave()
    const [first] = listener.events
    const later = await listen(streamOf('alder', `&last_event_id=${before.last_event_id}`), {
      ...{ ...asAgent(), headers: { 'last-event-id': first?.id ?? '' } },
    })
    await waitFor('the second was never told', () => later.events.length > 0)
    expect(idsOf(later)).toEqual(missed.slice(1))
    later.leave()
  })

  it('begins with all that there are after 0, and with what comes after a number that is not there yet', async () => {
    const all = await list()
    const listener = await listen(streamOf('alder', '&last_event_id=0'), asAgent())
    const ahead = await listen(streamOf('alder', '&last_event_id=999999999'), asAgent())
    await waitFor('they were never told', () => listener.events.length >= all.signals.length)
    expect(idsOf(listener).toSorted()).toEqual(all.signals.map(({ signal_id }) => signal_id).toSorted())
    const id = await make.makeSignal('alder')
    await waitFor('the new one was never told', () => ahead.events.length > 0)
    expect(idsOf(ahead)).toEqual([id])
    listener.leave()
    ahead.leave()
  })

  it('refuses an id that is none, and a caller without the permission', async () => {
    const refused = await listen(streamOf('alder'), { ...asAgent(), headers: { 'last-event-id': 'x' } })
    expect([refused.status, refused.problem.code]).toEqual([422, 'http.invalid'])
    const { secret } = await make.makeKey('alder', ['ticket.read'])
    expect((await listen(streamOf('alder'), { token: secret })).status).toBe(403)
    expect((await listen(streamOf('birch'), asAgent())).status).toBe(404)
  })
})

describe('the process', () => {
  it('listens on one connection, however many listen to it, and counts them', async () => {
    const listeners = await Promise.all(Array.from({ length: 30 }, () => listenToEvents(streamOf('alder'), asAgent())))
    expect(await connections()).toHaveLength(1)
    const { text } = await call(`${system.url}/metrics`)
    expect(Number(/^signalbox_streams (\d+)$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(30)
    const id = await make.makeSignal('alder')
    await waitFor('some were never told', () => listeners.every((listener) => idsOf(listener).includes(id)))
    for (const listener of listeners) listener.leave()
  })

  it('tells what was raised while its listening connection was lost', async () => {
    const listener = await listenToEvents(streamOf('alder'), asAgent())
    const [pid] = await connections()
    await administer(system.databaseUrl, (superuser) => superuser.query('select pg_terminate_backend($1)', [pid]))
    await waitFor('the connection was never lost', async () => !(await connections()).includes(pid ?? 0))
    const id = await make.makeSignal('alder')
    await waitFor('it was never told', () => idsOf(listener).includes(id))
    listener.leave()
  })

  it('stops though somebody listens, and says so', async () => {
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    const asOperator = { token: OPERATOR_TOKEN }
    const events = await listenToEvents(streamOf('alder', '', other.url), asOperator)
    const webSocket = await listenToWebSocket(streamOf('alder', '', other.url), asOperator)
    // Another process's change is told here, too.
    const id = await make.makeSignal('alder')
    await waitFor('it was never told', () => idsOf(events).includes(id) && idsOf(webSocket).includes(id))
    await other.stop()
    await waitFor('they never ended', () => events.isOver() && webSocket.isOver())
    expect(webSocket.closeCode()).toBe(1001)
  })
})
