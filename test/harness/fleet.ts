import { randomUUID } from 'node:crypto'
import { type Answer, call } from './call.ts'
import { administer } from './server.ts'
import { OPERATOR_TOKEN } from './system.ts'

export type Step = { action: string; parameters: Record<string, unknown> }
export type Outcome = {
  code: string
  detail: string
  token: string
  receipt_id: string
  risk: string
  steps: { action: string; subject: string; summary: string; result: Record<string, string> }[]
  rows: {
    table: string
    id: string
    operation: 'insert' | 'update' | 'delete'
    before: Record<string, unknown> | null
    after: Record<string, unknown> | null
  }[]
  people: { name: string; effect: string }[]
  money: { cents: number }[]
  clocks: { was: string | null; becomes: string | null }[]
  warnings: string[]
  taken_by: { what: string }[]
  reasons: string[]
  difference: unknown[]
}

/** The fleet of tenants, through the public API; the operator acts. */
export function testFleet(system: { readonly url: string; readonly databaseUrl: string }) {
  /** What the server is too busy for is sent again: under its key it is done once. */
  const send = async <Body = Outcome>(method: string, path: string, body?: unknown): Promise<Answer<Body>> => {
    const headers: Record<string, string> = method === 'GET' ? {} : { 'idempotency-key': randomUUID() }
    for (;;) {
      const answer = await call<Body>(`${system.url}/api/v1${path}`, { method, body, headers, token: OPERATOR_TOKEN })
      const isUnderWay = (answer.body as { code?: string }).code === 'idempotency.in_flight'
      if (answer.status !== 503 && !isUnderWay) return answer
    }
  }
  const of = (tenant: string) => {
    const preview = (...steps: Step[]) => send('POST', `/actions/preview?tenant_id=${tenant}`, { steps })
    const apply = (steps: Step[], token?: string) =>
      send('POST', `/actions/apply?tenant_id=${tenant}`, { steps, ...(token === undefined ? {} : { token }) })
    /** Previews and applies; the answer of whichever refused, else of applying. */
    const act = async (...steps: Step[]) => {
      const previewed = await preview(...steps)
      return previewed.status === 200 ? apply(steps, previewed.body.token) : previewed
    }
    const actAs = async (action: string, parameters: Record<string, unknown>) => {
      const done = await act({ action, parameters })
      if (done.status !== 200) throw new Error(`${action}: ${done.status} ${done.text}`)
      return done.body
    }
    /** Does it and gives the id of what was made. */
    const make = async (action: string, parameters: Record<string, unknown>): Promise<string> => {
      const [step] = (await actAs(action, parameters)).steps
      return Object.entries(step?.result ?? {}).find(([key]) => key.endsWith('_id'))?.[1] ?? ''
    }
    let made = 0
    const next = () => ++made
    return {
      tenant,
      ...{ preview, apply, act, do: actAs, make },
      actions: () => send<{ actions: { action: string }[] }>('GET', `/actions?tenant_id=${tenant}`),
      get: <Body>(path: string) => {
        const joint = path.includes('?') ? '&' : '?'
        return send<Body>('GET', `/fleet${path}${joint}tenant_id=${tenant}`)
      },
      stop: (more = {}) => make('stop.add', { name: `Stop ${next()}`, ...more }),
      vehicle: (more = {}) => make('vehicle.add', { registration: `V-${next()}`, kind: 'bus', seats: 40, ...more }),
      driver: (more = {}) =>
        make('driver.add', {
          ...{ name: `Driver ${next()}`, phone: `+49 ${1_000_000 + made}` },
          licences: [{ class: 'D', until: '2099-12-31' }],
          ...more,
        }),
      rider: (more = {}) => make('rider.add', { name: `Rider ${next()}`, ...more }),
      path: (stops: string[], more = {}) =>
        make('path.add', {
          name: `Path ${next()}`,
          stops: stops.map((stop_id, at) => ({ stop_id, minutes: at * 20, metres: at * 5_000 })),
          ...more,
        }),
      trip: (path_id: string, more = {}) =>
        make('trip.add', { path_id, date: '2031-03-03', departs: '08:00', seats: 40, ...more }),
    }
  }
  return {
    of,
    sql: <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
      administer(system.databaseUrl, async (superuser) => (await superuser.query<Row>(text, values)).rows),
    tenant: async (id: string, timeZone = 'UTC') => {
      const answer = await send('POST', '/tenants', { tenant_id: id, name: id, time_zone: timeZone })
      if (answer.status >= 300) throw new Error(answer.text)
      return of(id)
    },
  }
}
export type Fleet = ReturnType<ReturnType<typeof testFleet>['of']>
