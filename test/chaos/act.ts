import type { Fault } from '../../mock-provider/index.ts'
import { assertNever } from '../../src/kernel/assert-never.ts'
import { ticketsAtProvider } from '../harness/provider.ts'
import { changeClock } from '../harness/provider-changes.ts'
import { flood, halfOpenSockets, poisonImport, slowBodies, stallReaders } from './abuse.ts'
import { noteCorrection } from './ledger.ts'
import type { Scene } from './scene.ts'
import { type Abuse, type Action, HOSTILE, TENANTS } from './schedule.ts'

const URGENT = 'We will file a lawsuit against you, our lawyer has the documents.'
const CALM = 'Nothing special.'

/**
 * Carries out what a schedule says. What goes through the API may take as long as the outages last; it is started here
 * and waited for in `finished`.
 */
export async function openActor(scene: Scene) {
  const { helpdesk, postgres, processes, client, ledger, print } = scene
  /** Every ticket there ever was. */
  const tickets = (await Promise.all(TENANTS.map((tenant) => ticketsAtProvider(helpdesk, tenant)))).flat()
  const now = changeClock()
  const underWay = new Set<Promise<void>>()
  const lastRun = new Map<string, string>()
  let marks = 0

  const inBackground = (what: string, work: () => Promise<string>) => {
    const running: Promise<void> = work()
      .then((became) => print(`  ${what}: ${became}`))
      .catch((error) => {
        scene.faults.push(`${what}: ${(error as Error).message}`)
      })
      .finally(() => underWay.delete(running))
    underWay.add(running)
  }

  const pickTicket = (pick: number) => {
    const deleted = new Set(helpdesk.deletedIds())
    const live = tickets.filter(({ external_id }) => !deleted.has(external_id))
    const chosen = live[pick % live.length]
    if (!chosen) throw new Error('There is no ticket left.')
    return chosen
  }
  const tenantNamed = (index: number) => TENANTS[index % TENANTS.length] as string
  const content = (isUrgent: boolean) => {
    marks += 1
    return { subject: `Subject ${marks}`, message: `${isUrgent ? URGENT : CALM} ${marks}`, updated_at: now() }
  }
  const insert = (tenant_id: string, isUrgent: boolean) => {
    const { id, ...ticket } = helpdesk.insertTicket({ tenant_id, ...content(isUrgent) })
    tickets.push({ external_id: id, ...ticket })
  }
  const startRun = (tenant: string) => async () => {
    const { status, body } = await client.ask<{ job_id: string }>(`/ingest/run?tenant_id=${tenant}`, 'POST')
    if (status === 202) ledger.runs.add(body.job_id)
    lastRun.set(tenant, body.job_id)
    return `${status} ${body.job_id}`
  }
  const cancelRun = (tenant: string) => async () => {
    const job = lastRun.get(tenant)
    if (job === undefined) return 'there was none'
    const { status } = await client.ask(`/ingest/${job}`, 'DELETE')
    return `${status} ${job}`
  }
  const correct = (id: string, tenant: string, urgency: string) => async () => {
    const path = `/tickets/${encodeURIComponent(id)}/classification?tenant_id=${tenant}`
    const { status, body } = await client.ask<{ ticket_id: string }>(path, 'PATCH', { urgency })
    if (status === 200) noteCorrection(ledger, tenant, body.ticket_id)
    return `${status} ${id} to ${urgency}`
  }
  const handleSignal = (tenant: string, pick: number, transition: 'acknowledge' | 'resolve') => async () => {
    type Listed = { signals: { signal_id: string; title: string }[] }
    const { body } = await client.ask<Listed>(`/signals?tenant_id=${tenant}&limit=200`)
    const chosen = body.signals[pick % body.signals.length]
    if (!chosen) return 'there was none'
    const { status } = await client.ask(`/signals/${chosen.signal_id}/${transition}`, 'POST')
    return `${status} ${chosen.title}`
  }

  /** Where a hostile client finds a process, if it serves, and the key that it has. */
  const targetAt = (index: number) => {
    const url = processes[index]?.url()
    return url === undefined ? undefined : { url, token: scene.hostileKey(), tenant: HOSTILE }
  }
  const ABUSED = {
    flood,
    'stall readers': stallReaders,
    'hold half-open sockets': halfOpenSockets,
    'hold slow bodies': slowBodies,
  }
  type Abused = Extract<Action, { do: Abuse }>
  const abuse = (action: Abused) => async () => {
    const target = targetAt(action.process)
    if (!target) return 'it does not serve'
    return JSON.stringify(await ABUSED[action.do](target, action.count, AbortSignal.timeout(action.lengthMs)))
  }
  const poison = (action: Extract<Action, { do: 'poison import' }>) => async () => {
    const target = targetAt(action.process)
    if (!target) return 'it does not serve'
    return String(await poisonImport(target, action.poison, AbortSignal.timeout(60_000)))
  }

  const process = (index: number) => {
    const found = processes[index]
    if (!found) throw new Error(`There is no process ${index}.`)
    return found
  }

  /** Resolves when it is done, or under way. */
  const act = async (action: Action): Promise<void> => {
    const what = describe(action)
    print(what)
    switch (action.do) {
      case 'kill':
        return process(action.process).kill()
      case 'start':
        return process(action.process).start()
      case 'freeze':
        return void process(action.process).freeze()
      case 'thaw':
        return void process(action.process).thaw()
      case 'stop database':
        return postgres.stop(action.how)
      case 'start database':
        return postgres.start()
      case 'freeze database':
        return postgres.freeze()
      case 'thaw database':
        return postgres.thaw()
      case 'fault':
        // First: the one that makes every page slow stays last.
        return helpdesk.setFaults([action.fault satisfies Fault, ...helpdesk.faults()])
      case 'notify':
        return helpdesk.set({ notify: action.mode })
      case 'insert tickets':
        for (let n = 0; n < action.count; n += 1) insert(tenantNamed(action.tenant), action.isUrgent)
        return
      case 'change tickets':
        for (let n = 0; n < action.count; n += 1) {
          helpdesk.changeTicket(pickTicket(action.pick + n).external_id, content(action.isUrgent))
        }
        return
      case 'delete ticket':
        return helpdesk.deleteTicket(pickTicket(action.pick).external_id)
      case 'restore ticket': {
        const deleted = helpdesk.deletedIds().sort()
        const id = deleted[action.pick % deleted.length]
        if (id !== undefined) helpdesk.restoreTicket(id)
        return
      }
      case 'start run':
        return inBackground(what, startRun(tenantNamed(action.tenant)))
      case 'cancel run':
        return inBackground(what, cancelRun(tenantNamed(action.tenant)))
      case 'correct ticket': {
        const { external_id, tenant_id } = pickTicket(action.pick)
        return inBackground(what, correct(external_id, tenant_id, action.urgency))
      }
      case 'flood':
      case 'stall readers':
      case 'hold half-open sockets':
      case 'hold slow bodies':
        return inBackground(what, abuse(action))
      case 'poison import':
        return inBackground(what, poison(action))
      case 'acknowledge signal':
        return inBackground(what, handleSignal(tenantNamed(action.tenant), action.pick, 'acknowledge'))
      case 'resolve signal':
        return inBackground(what, handleSignal(tenantNamed(action.tenant), action.pick, 'resolve'))
      default:
        return assertNever(action)
    }
  }

  return {
    act,
    /** All that went through the API has been answered. */
    finished: async () => {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    underWay: () => underWay.size,
  }
}

function describe(action: Action): string {
  if (action.do === 'fault') {
    const { route, kind, status, times } = action.fault
    return `fault: ${kind}${status === undefined ? '' : ` ${status}`} of ${route}, ${times} times`
  }
  if (action.do === 'poison import') return `poison import at process ${action.process}: ${action.poison}`
  if ('lengthMs' in action)
    return `${action.do} at process ${action.process}: ${action.count} for ${action.lengthMs} ms`
  if ('process' in action) return `${action.do} process ${action.process}`
  if ('mode' in action) return `the receiver is ${action.mode}`
  if ('how' in action) return `${action.do}, ${action.how}`
  if ('isUrgent' in action) return `${action.do}, ${action.count} ${action.isUrgent ? 'urgent' : 'calm'}`
  if ('tenant' in action) return `${action.do} of ${TENANTS[action.tenant]}`
  return action.do
}
