import { sql } from 'kysely'
import { prepared, type SystemTx } from '../../platform/database/index.ts'
import type { Claim, Verdict } from './delivery.ts'

/** `lost`: the attempt was broken off, and nobody knows whether it arrived. */
export type AttemptOutcome = 'delivered' | 'failed' | 'refused' | 'lost'

export type Recorded = { claim: Claim; verdict: Verdict; outcome: AttemptOutcome; statusCode: number | null }

/**
 * Writes what became of attempts. One whose lease was lost meanwhile still counts, as long as nobody else has claimed the
 * delivery: what is known to have arrived is not sent again.
 */
export async function recordAttempts(tx: SystemTx, attempts: readonly Recorded[]): Promise<void> {
  const rows = attempts.map(({ claim, verdict, outcome, statusCode }) => ({
    ...{ tenant_id: claim.tenantId, delivery_id: claim.deliveryId, fencing: claim.fencing, attempt: claim.attempt },
    channel_id: claim.channel.channel_id,
    ...{ outcome, status_code: statusCode, state: verdict.state },
    due_in_seconds: verdict.state === 'waiting' ? verdict.dueInSeconds : null,
    // PostgreSQL takes no NUL, and one such text would hold up all others.
    failure: verdict.state === 'delivered' ? null : verdict.failure.replaceAll('\0', ''),
  }))
  await sql`${prepared('record_deliveries')}
    with ended as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row (tenant_id text, delivery_id uuid, fencing bigint,
        attempt integer, channel_id uuid, outcome text, status_code integer, state text, due_in_seconds float8, failure text)
    ), noted as (
      update delivery_attempts as noted
      set ended_at = clock_timestamp(), outcome = ended.outcome, status_code = ended.status_code, reason = ended.failure
      from ended where noted.tenant_id = ended.tenant_id and noted.delivery_id = ended.delivery_id and noted.attempt = ended.attempt
    )
    update deliveries set lease_expires_at = null,
      -- A channel that was switched off meanwhile is not called again.
      state = case when ended.state = 'waiting' and not channels.is_enabled then 'dead' else ended.state end, last_failure = ended.failure,
      due_at = coalesce(clock_timestamp() + ended.due_in_seconds * interval '1 second', deliveries.due_at),
      ended_at = case when ended.state <> 'waiting' or not channels.is_enabled then clock_timestamp() end
    from ended join channels on channels.tenant_id = ended.tenant_id and channels.channel_id = ended.channel_id
    where deliveries.tenant_id = ended.tenant_id and deliveries.delivery_id = ended.delivery_id
      and deliveries.fencing = ended.fencing and deliveries.state in ('sending', 'waiting')`.execute(tx)
}
