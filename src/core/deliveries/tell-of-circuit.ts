import { sql } from 'kysely'
import type { SystemTx } from '../../platform/database/index.ts'
import type { Transition } from '../../platform/resilience/index.ts'
import { raiseOperatorSignal, resolveOperatorSignal } from '../signals/index.ts'
import type { Claim } from './delivery.ts'

export type CircuitNews = { circuit: string; transition: Transition; reason: string | null; claim: Claim }

/**
 * Takes the locks that a tenant's own transaction takes before it changes signals; who works for all tenants has to take
 * them by name, and in one order.
 */
export async function lockSignals(tx: SystemTx, tenants: readonly string[]): Promise<void> {
  for (const tenant of [...new Set(tenants)].sort()) await sql`select lock_signals(${tenant})`.execute(tx)
}

/** A channel that the other side has closed for good is told nothing any more: somebody has to know. */
export async function tellOfSwitchedOff(tx: SystemTx, { tenantId, channel }: Claim, reason: string): Promise<void> {
  const subject = `channel:${channel.channel_id}`
  await raiseFor(tx, tenantId, {
    ...{ kind: 'channel.switched_off', subject, dedupeKey: `channel.switched_off:${channel.channel_id}` },
    title: `A ${channel.kind} channel was switched off: it does not take messages any more.`,
    facts: { channel_id: channel.channel_id, reason },
  })
}

type TenantSignal = { kind: string; subject: string; dedupeKey: string; title: string; facts: Record<string, unknown> }

const raiseFor = (tx: SystemTx, tenantId: string, { kind, subject, dedupeKey, title, facts }: TenantSignal) =>
  sql`
    insert into signals (tenant_id, kind, subject, severity, title, facts, dedupe_key)
    values (${tenantId}, ${kind}, ${subject}, 'warning', ${title}, ${JSON.stringify(facts)}::jsonb, ${dedupeKey})
    on conflict (tenant_id, dedupe_key) where state <> 'resolved' do nothing`.execute(tx)

/**
 * A circuit that opens needs a person: of the platform when all tenants share it, else of the tenant whose channel it is.
 * While it is tried and stays open that is the same signal; when it closes, the signal is resolved.
 */
export async function tellOfCircuit(tx: SystemTx, news: CircuitNews): Promise<void> {
  if (news.circuit.startsWith('channel:')) return tellTenant(tx, news)
  const subject = `circuit:${news.circuit}`
  if (news.transition.to === 'closed') await resolveOperatorSignal(tx, subject)
  if (news.transition.to !== 'open') return
  await raiseOperatorSignal(tx, {
    ...{ kind: 'circuit.opened', subject, severity: 'warning', dedupeKey: subject },
    title: `Calls to ${news.circuit} fail: its circuit is open.`,
    facts: { circuit: news.circuit, reason: news.reason },
  })
}

async function tellTenant(tx: SystemTx, { circuit, transition, reason, claim }: CircuitNews): Promise<void> {
  const { tenantId, channel } = claim
  if (transition.to === 'closed') {
    await sql`
      update signals set state = 'resolved', resolved_at = clock_timestamp()
      where tenant_id = ${tenantId} and dedupe_key = ${circuit} and state <> 'resolved'`.execute(tx)
  }
  if (transition.to !== 'open') return
  await raiseFor(tx, tenantId, {
    ...{ kind: 'channel.unreachable', subject: circuit, dedupeKey: circuit },
    title: `A ${channel.kind} channel cannot be reached: its deliveries wait.`,
    facts: { channel_id: channel.channel_id, reason },
  })
}
