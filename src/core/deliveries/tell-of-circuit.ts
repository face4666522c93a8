import { sql } from 'kysely'
import type { SystemTx } from '../../platform/database/index.ts'
import type { Transition } from '../../platform/resilience/index.ts'
import { raiseOperatorSignal, resolveOperatorSignal } from '../signals/index.ts'
import type { Claim } from './delivery.ts'

export type CircuitNews = { circuit: string; transition: Transition; reason: string | null; claim: Claim }

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
  await sql`
    insert into signals (tenant_id, kind, subject, severity, title, facts, dedupe_key)
    values (${tenantId}, 'channel.unreachable', ${circuit}, 'warning',
      ${`A ${channel.kind} channel cannot be reached: its deliveries wait.`},
      ${JSON.stringify({ channel_id: channel.channel_id, reason })}::jsonb, ${circuit})
    on conflict (tenant_id, dedupe_key) where state <> 'resolved' do nothing`.execute(tx)
}
