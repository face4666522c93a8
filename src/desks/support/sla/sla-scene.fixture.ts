import { randomUUID } from 'node:crypto'
import { type Answer, call } from '../../../../test/harness/call.ts'
import { OPERATOR_TOKEN, type testSystem } from '../../../../test/harness/system.ts'

export type ShownClock = {
  deadline: string | null
  deadline_if_resumed: string | null
  remaining_seconds: number
  percentage_remaining: number
  is_breached: boolean
  state: string
  met_at: string | null
  target_seconds: number
  elapsed_seconds: number
  paused_seconds: number
}
export type ShownTicket = {
  ticket_id: string
  external_id: string
  priority: string
  customer_tier: string
  status: string
  overall_state: string
  next_deadline: string | null
  response_sla: ShownClock | null
  next_response_sla: ShownClock | null
  resolution_sla: ShownClock | null
  active_alerts: { id: string }[]
  timeline: { at: string; what: string; text: string; effects: { clock: string; change: string; text: string }[] }[]
}

/** So many minutes before the scene was set, to the second. */
let began = Math.floor(Date.now() / 1_000) * 1_000
export const ago = (minutes: number): string => new Date(began - minutes * 60_000).toISOString()

/** A tenant of its own, and the desk as a customer calls it. */
export async function slaScene(system: ReturnType<typeof testSystem>) {
  began = Math.floor(Date.now() / 1_000) * 1_000
  const tenant = `sla_${randomUUID().slice(0, 8)}`
  const operator = { token: OPERATOR_TOKEN }
  await call(`${system.url}/tenants`, { method: 'POST', ...operator, body: { tenant_id: tenant, name: tenant } })
  const url = (path: string) => `${system.url}${path}${path.includes('?') ? '&' : '?'}tenant_id=${tenant}`
  const insist = <Body>(answer: Answer<Body>): Body => {
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`)
    return answer.body
  }
  const send = async <Body = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
    insist(await call<Body>(url(path), { method, ...operator, body }))
  return {
    tenant,
    send,
    get: <Body = Record<string, unknown>>(path: string) => call<Body>(url(path), operator),
    post: (...tickets: object[]) =>
      send<{ created: number; updated: number; failed: number; errors: string[] }>('POST', '/sla/tickets', { tickets }),
    show: (id: string) => send<ShownTicket>('GET', `/sla/tickets/${id}`),
  }
}

/** A ticket of 45 minutes to the first response, and six hours to the end. */
export const row = (id: string, minutesAgo: number, change: object = {}) => ({
  ...{ id, priority: 'high', customer_tier: 'business', subject: `Subject ${id}`, content: 'It is down.' },
  ...{ created_at: ago(minutesAgo), updated_at: ago(minutesAgo) },
  ...change,
})
