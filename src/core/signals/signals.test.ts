import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call } from '../../../test/harness/call.ts'
import { silent } from '../../../test/harness/database.ts'
import { factories, type Member } from '../../../test/harness/factories.ts'
import { administer } from '../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../test/harness/system.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { openDatabase, type SystemTx, type Tx } from '../../platform/database/index.ts'
import {
  type NewSignal,
  raiseOperatorSignal,
  raiseSignal,
  resolveOperatorSignal,
  resolveSignal,
  SIGNAL_STATES,
} from './index.ts'
import { TRANSITIONS } from './state.ts'

type View = Record<string, unknown> & { signal_id: string; state: string; title: string; change: number }
type Listed = { signals: View[]; next_cursor: string | null; last_event_id: string }

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)
const ALDER = tenantId('alder')

let ann: Member
let ben: Member
let viewer: Member
beforeAll(async () => {
  await make.makeTenant('alder')
  ann = await make.makePerson('alder', 'agent')
  ben = await make.makePerson('alder', 'agent')
  viewer = await make.makePerson('alder', 'viewer')
})

const get = <Body = Listed>(path: string, token = viewer.token) => call<Body>(`${system.url}/api/v1${path}`, { token })
const post = (path: string, token = ann.token, body?: unknown) =>
  call<View>(`${system.url}/api/v1${path}`, { method: 'POST', token, body })
const show = async (id: string) => (await get<View>(`/signals/${id}`)).body
const titles = async (query: string) =>
  (await get(`/signals?tenant_id=alder${query}`)).body.signals.map(({ title }) => title)
const audited = async (id: string) => {
  type Entries = { entries: { actor: string; action: string; subject: string; details: unknown }[] }
  const { body } = await call<Entries>(`${system.url}/api/v1/tenants/alder/audit?limit=200`, { token: OPERATOR_TOKEN })
  return body.entries.filter(({ subject }) => subject === `signal:${id}`).map(({ actor, action }) => [actor, action])
}

async function withDatabase<T>(work: (database: ReturnType<typeof openDatabase>) => Promise<T>): Promise<T> {
  const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
const inTenant = <T>(work: (tx: Tx) => Promise<T>) => withDatabase((database) => database.withTenant(ALDER, work))
const asOperator = <T>(work: (tx: SystemTx) => Promise<T>) =>
  withDatabase((database) => database.acrossTenants('a test', work))

const described = (change: Partial<NewSignal> = {}): NewSignal => ({
  ...{ kind: 'test.signal', subject: 'thing:1', severity: 'warning', title: 'Look', dedupeKey: randomUUID() },
  ...change,
})
const raise = async (change: Partial<NewSignal> = {}) =>
  (await inTenant((tx) => raiseSignal(tx, described(change)))) ?? ''
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

describe('the life of a signal', () => {
  it('goes from open through acknowledged to resolved, and says who did it', async () => {
    const id = await raise({ facts: { ticket: 7 } })
    expect(await show(id)).toMatchObject({
      state: 'open',
      facts: { ticket: 7 },
      acknowledged_by: null,
      resolved_by: null,
    })
    const taken = await post(`/signals/${id}/acknowledge`)
    expect(taken).toMatchObject({
      status: 200,
      body: { state: 'acknowledged', acknowledged_by: `person:${ann.personId}` },
    })
    const over = await post(`/signals/${id}/resolve`, ben.token)
    expect(over.body).toMatchObject({
      ...{ state: 'resolved', acknowledged_by: `person:${ann.personId}`, resolved_by: `person:${ben.personId}` },
    })
    expect(over.body.change).toBeGreaterThan(taken.body.change)
    expect(await show(id)).toEqual(over.body)
    expect(await audited(id)).toEqual([
      [`person:${ben.personId}`, 'signal.resolve'],
      [`person:${ann.personId}`, 'signal.acknowledge'],
    ])
  })

  it('has no way back: of every state, what leads from it is what the table says', async () => {
    for (const state of SIGNAL_STATES) {
      for (const [name, { from, to }] of Object.entries(TRANSITIONS)) {
        const id = await raise()
        if (state !== 'open') await post(`/signals/${id}/${state === 'resolved' ? 'resolve' : 'acknowledge'}`)
        const isPossible = (from as readonly string[]).includes(state) || to === state
        const answer = await post(`/signals/${id}/${name}`)
        expect([state, name, answer.status, (await show(id)).state]).toEqual([
          ...[state, name, isPossible ? 200 : 409, isPossible ? to : state],
        ])
        if (!isPossible) expect(answer.body.code).toBe('signals.already_resolved')
      }
    }
  })

  it.each(['acknowledge', 'resolve'])('a repeated %s changes nothing, whoever repeats it', async (name) => {
    const id = await raise()
    const first = await post(`/signals/${id}/${name}`)
    const again = await post(`/signals/${id}/${name}`, ben.token)
    expect([again.status, again.body]).toEqual([200, first.body])
    expect(await audited(id)).toEqual([[`person:${ann.personId}`, `signal.${name}`]])
  })

  it('belongs to one of those who take it at once', async () => {
    const id = await raise()
    const tokens = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? ann.token : ben.token))
    const answers = await Promise.all(tokens.map((token) => post(`/signals/${id}/acknowledge`, token)))
    expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200))
    expect(new Set(answers.map(({ body }) => body.acknowledged_by)).size).toBe(1)
    expect(await audited(id)).toHaveLength(1)
  })

  it('ends with its cause, without anybody’s name', async () => {
    const id = await raise({ dedupeKey: 'cause' })
    await post(`/signals/${id}/acknowledge`)
    await inTenant((tx) => resolveSignal(tx, 'cause'))
    expect(await show(id)).toMatchObject({
      state: 'resolved',
      resolved_by: null,
      acknowledged_by: `person:${ann.personId}`,
    })
  })
})

describe('a snoozed signal', () => {
  it('is left out of the list until its time, unless it is asked for, and can be woken', async () => {
    const id = await raise({ title: 'snoozed', subject: 'thing:snoozed' })
    const until = inHours(2)
    expect(await post(`/signals/${id}/snooze`, ann.token, { until })).toMatchObject({
      ...{ status: 200, body: { snoozed_until: until, state: 'open' } },
    })
    expect(await titles('&subject=thing:snoozed')).toEqual([])
    expect(await titles('&subject=thing:snoozed&include_snoozed=true')).toEqual(['snoozed'])
    await post(`/signals/${id}/snooze`, ann.token, { until: null })
    expect(await titles('&subject=thing:snoozed')).toEqual(['snoozed'])
    expect(await audited(id)).toHaveLength(2)
  })

  it('comes back by itself when its time has come', async () => {
    const id = await raise({ title: 'back', subject: 'thing:back' })
    await post(`/signals/${id}/snooze`, ann.token, { until: inHours(1) })
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(`update signals set snoozed_until = now() - interval '1 second' where signal_id = $1`, [id]),
    )
    expect(await titles('&subject=thing:back')).toEqual(['back'])
  })

  it('is listed with what is resolved once it is', async () => {
    const id = await raise({ title: 'over', subject: 'thing:over' })
    await post(`/signals/${id}/snooze`, ann.token, { until: inHours(1) })
    await post(`/signals/${id}/resolve`)
    expect(await titles('&subject=thing:over&state=resolved')).toEqual(['over'])
  })

  it('changes nothing when it is put off to the same moment again', async () => {
    const id = await raise()
    const body = { until: inHours(1) }
    const first = await post(`/signals/${id}/snooze`, ann.token, body)
    expect((await post(`/signals/${id}/snooze`, ben.token, body)).body).toEqual(first.body)
    expect(await audited(id)).toHaveLength(1)
  })

  it.each([
    ['the past', () => inHours(-1)],
    ['more than 30 days', () => inHours(30 * 24 + 1)],
  ])('is refused for %s, with the bound', async (_what, until) => {
    const id = await raise()
    const refused = await post(`/signals/${id}/snooze`, ann.token, { until: until() })
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toMatchObject([
      { in: 'body', field: 'until', message: expect.stringMatching('at the latest at') },
    ])
  })

  it('is refused when it is resolved', async () => {
    const id = await raise()
    await post(`/signals/${id}/resolve`)
    expect(await post(`/signals/${id}/snooze`, ann.token, { until: inHours(1) })).toMatchObject({
      ...{ status: 409, body: { code: 'signals.already_resolved' } },
    })
  })
})

describe('GET /signals', () => {
  it('lists what is not resolved, narrowed by state, kind, severity and subject', async () => {
    const subject = 'thing:narrow'
    await raise({ subject, title: 'a', kind: 'test.a', severity: 'info' })
    const b = await raise({ subject, title: 'b', kind: 'test.b', severity: 'warning' })
    const c = await raise({ subject, title: 'c', kind: 'test.b', severity: 'critical' })
    await post(`/signals/${b}/acknowledge`)
    await post(`/signals/${c}/resolve`)
    const of = (query: string) => titles(`&subject=${subject}${query}`)
    expect(await of('')).toEqual(['b', 'a'])
    expect(await of('&state=all')).toEqual(['c', 'b', 'a'])
    expect(await of('&state=open')).toEqual(['a'])
    expect(await of('&state=acknowledged')).toEqual(['b'])
    expect(await of('&state=resolved')).toEqual(['c'])
    expect(await of('&state=all&kind=test.b')).toEqual(['c', 'b'])
    expect(await of('&state=all&minimum_severity=warning')).toEqual(['c', 'b'])
    expect(await titles('&subject=thing:other')).toEqual([])
  })

  it('shows each once when followed to the end, though new ones arrive', async () => {
    const subject = 'thing:walk'
    for (let n = 0; n < 9; n += 1) await raise({ subject, title: `walk ${n}` })
    const seen: string[] = []
    let next: string | null = `/signals?tenant_id=alder&subject=${subject}&limit=2`
    while (next !== null) {
      const answer: Answer<Listed> = await get(next)
      seen.push(...answer.body.signals.map(({ title }) => title))
      await raise({ subject, title: 'new' })
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]?.replace('/api/v1', '') ?? null
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, index) => `walk ${8 - index}`))
  })
})

describe('the operators’ signals', () => {
  type OperatorList = { signals: View[] }
  const list = async (query = '') =>
    (await get<OperatorList>(`/operator/signals?kind=test.operator${query}`, OPERATOR_TOKEN)).body.signals

  it('are raised once for a cause, taken, and resolved by a person or with their cause', async () => {
    const cause = described({ kind: 'test.operator', dedupeKey: 'disk' })
    const id = await asOperator((tx) => raiseOperatorSignal(tx, cause))
    expect(await asOperator((tx) => raiseOperatorSignal(tx, cause))).toBeNull()
    expect(await list()).toMatchObject([{ signal_id: id, state: 'open' }])
    const taken = await post(`/operator/signals/${id}/acknowledge`, OPERATOR_TOKEN)
    expect(taken.body).toMatchObject({ state: 'acknowledged', acknowledged_by: 'operator' })
    expect((await post(`/operator/signals/${id}/acknowledge`, OPERATOR_TOKEN)).body).toEqual(taken.body)
    await post(`/operator/signals/${id}/resolve`, OPERATOR_TOKEN)
    expect(await post(`/operator/signals/${id}/acknowledge`, OPERATOR_TOKEN)).toMatchObject({
      ...{ status: 409, body: { code: 'signals.already_resolved' } },
    })
    expect(await list()).toEqual([])
    const again = await asOperator((tx) => raiseOperatorSignal(tx, cause))
    expect(again).not.toBe(id)
    expect(await asOperator((tx) => resolveOperatorSignal(tx, 'disk'))).toBe(again)
    expect(await list('&state=all')).toMatchObject([
      { signal_id: again, resolved_by: null },
      { signal_id: id, resolved_by: 'operator' },
    ])
  })

  it('are not found under an id that is none of them', async () => {
    expect(await post(`/operator/signals/${randomUUID()}/resolve`, OPERATOR_TOKEN)).toMatchObject({
      ...{ status: 404, body: { code: 'signals.not_found' } },
    })
  })
})
