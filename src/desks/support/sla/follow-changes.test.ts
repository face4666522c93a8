import { expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { classified } from '../../../../test/harness/classified.ts'
import { silent } from '../../../../test/harness/database.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase, type Tx } from '../../../platform/database/index.ts'
import { type DeliveredTicket, markDeleted, upsertTickets } from '../tickets/index.ts'
import { ago, type ShownTicket, slaScene } from './sla-scene.fixture.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api,worker' })

const told = (id: string, change: Partial<DeliveredTicket> = {}): DeliveredTicket => ({
  ...{ external_id: id, source: 'email', customer_id: 'c', subject: 's', message: 'm', status: 'open' },
  ...{ created_at: ago(40), updated_at: ago(40), desk: { priority: 'high', tier: 'business' } },
  ...change,
})

/** Tickets as a helpdesk's run stores them, which knows nothing of clocks. */
async function helpdeskScene() {
  const scene = await slaScene(system)
  const inTenant = async <T>(work: (tx: Tx) => Promise<T>) => {
    const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
    try {
      return await database.withTenant(tenantId(scene.tenant), work)
    } finally {
      await database.close()
    }
  }
  const url = (id: string) => `${system.url}/sla/tickets/${id}?tenant_id=${scene.tenant}`
  return {
    ...scene,
    deliver: (...tickets: DeliveredTicket[]) =>
      inTenant((tx) =>
        upsertTickets(
          tx,
          tickets.map((ticket) => classified(ticket)),
          { runId: null, origin: 'provider' },
        ),
      ),
    remove: (id: string) => inTenant((tx) => markDeleted(tx, [id], null)),
    becomes: (id: string, what: string, is: (ticket: ShownTicket) => boolean) =>
      waitFor(`ticket ${id} never was ${what}`, async () => {
        const { status, body } = await call<ShownTicket>(url(id), { token: OPERATOR_TOKEN })
        return status === 200 && is(body) ? body : undefined
      }),
  }
}

it('what a helpdesk tells of its tickets reaches their clocks, whoever stores it', async () => {
  const { deliver, becomes } = await helpdeskScene()
  await deliver(told('H-1'), told('H-2', { created_at: ago(60), updated_at: ago(60) }))
  const running = await becomes('H-1', 'measured', ({ response_sla }) => response_sla !== null)
  expect(running).toMatchObject({ overall_state: 'at_risk', response_sla: { deadline: ago(40 - 45) } })
  await becomes('H-2', 'breached', ({ overall_state }) => overall_state === 'breached')
  await deliver(
    told('H-1', {
      updated_at: ago(10),
      desk: { sla_status: 'pending_vendor', status_changed_at: ago(12) },
      status: 'pending',
    }),
  )
  const paused = await becomes('H-1', 'paused', ({ overall_state }) => overall_state === 'paused')
  expect(paused.response_sla?.elapsed_seconds).toBe(28 * 60)
  await deliver(told('H-1', { updated_at: ago(5), status: 'open', desk: { first_response_at: ago(6) } }))
  await becomes('H-1', 'answered', ({ response_sla }) => response_sla?.state === 'met')
})

it('tickets that a helpdesk has deleted are measured no more, and those that come back are again', async () => {
  const { deliver, remove, becomes } = await helpdeskScene()
  await deliver(told('H-1'))
  await becomes('H-1', 'measured', ({ response_sla }) => response_sla !== null)
  await remove('H-1')
  await becomes('H-1', 'cancelled', ({ overall_state }) => overall_state === 'cancelled')
  await deliver(told('H-1', { updated_at: ago(1) }))
  const back = await becomes('H-1', 'measured again', ({ overall_state }) => overall_state !== 'cancelled')
  expect(back.response_sla).toMatchObject({ deadline: ago(40 - 45) })
})

it('tickets that were old when they came are a history: nothing is measured, and nobody is told', async () => {
  const { deliver, becomes, send } = await helpdeskScene()
  const old = ago(60 * 24 * 8)
  await deliver(told('OLD', { created_at: old, updated_at: old }), told('NEW'))
  await becomes('NEW', 'measured', ({ response_sla }) => response_sla !== null)
  await deliver(told('OLD', { created_at: old, updated_at: ago(1), status: 'pending' }), told('NEW-2'))
  await becomes('NEW-2', 'measured', ({ response_sla }) => response_sla !== null)
  expect(await send('GET', '/sla/tickets/OLD')).toMatchObject({
    overall_state: 'none',
    response_sla: null,
    timeline: [],
  })
  expect(await send('GET', '/sla/dashboard')).toMatchObject({ total_count: 2 })
})
