import { sql } from 'kysely'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx } from '../../platform/database/index.ts'
import type { ChannelKind } from '../channels/index.ts'
import type { Severity } from '../signals/index.ts'
import type { Claim } from './delivery.ts'

/** A circuit with deliveries that wait. */
export type Lane = {
  circuit: string
  kind: ChannelKind
  /** Until its first delivery is due; not above 0 when one is. */
  due_in_ms: number
  /** Until its circuit may let a call through; not above 0 when it may. */
  circuit_in_ms: number
}

/** What a circuit waits for is known to the breaker; here only when to ask it. */
export const listLanes = (openSeconds: number) => sql<Lane>`
  with recursive lanes as (
    (select circuit from deliveries where state = 'waiting' order by circuit limit 1)
    union all
    -- From one circuit to the next: their deliveries are not counted through.
    select (select circuit from deliveries where state = 'waiting' and circuit > lanes.circuit order by circuit limit 1)
    from lanes where circuit is not null
  )
  select lanes.circuit, channels.kind,
    extract(epoch from first.due_at - clock_timestamp())::float8 * 1000 as due_in_ms,
    extract(epoch from greatest(
      case circuits.state when 'open' then opened_at + ${openSeconds} * interval '1 second' when 'half_open' then probe_expires_at end,
      paused_until, '-infinity') - clock_timestamp())::float8 * 1000 as circuit_in_ms
  from lanes
  cross join lateral (
    select tenant_id, channel_id, due_at from deliveries
    where state = 'waiting' and circuit = lanes.circuit order by due_at limit 1
  ) as first
  join channels using (tenant_id, channel_id)
  left join platform.circuits on circuits.name = lanes.circuit`

const isClaimable = sql`due_at <= clock_timestamp() and not exists (
        select from deliveries as earlier
        where earlier.tenant_id = deliveries.tenant_id and earlier.channel_id = deliveries.channel_id
          and earlier.subject = deliveries.subject and earlier.position < deliveries.position
          and earlier.state in ('waiting', 'sending'))`

type ClaimedRow = {
  tenant_id: string
  delivery_id: string
  fencing: number
  attempts: number
  age_seconds: number
  channel_id: string
  channel_kind: ChannelKind
  settings: unknown
  sealed_secrets: Buffer | null
  signal_id: string
  kind: string
  subject: string
  severity: Severity
  title: string
  facts: Record<string, unknown>
  raised_at: Date
}

/**
 * Takes deliveries of a circuit that are due and notes the attempt before it is made: those that have failed most often
 * first, then those never tried, each tenant's first before any tenant's second. Never more than `atOnce` are under way,
 * over all processes: the caller holds the circuit's row. A subject's later delivery waits until the earlier one has ended.
 */
export async function claimDeliveries(
  tx: SystemTx,
  { circuit, atOnce, most, leaseSeconds }: { circuit: string; atOnce: number; most: number; leaseSeconds: number },
): Promise<Claim[]> {
  const { rows } = await sql<ClaimedRow>`
    with recursive again as (
      select tenant_id, delivery_id, attempts, position, 0::int8 as turn from deliveries
      where circuit = ${circuit} and state = 'waiting' and attempts > 0 and ${isClaimable}
      order by attempts desc, position limit ${most}
    ), waiting_tenants as (
      (select tenant_id from deliveries where circuit = ${circuit} and state = 'waiting' and attempts = 0
       order by tenant_id limit 1)
      union all
      -- From one tenant to the next: their deliveries are not counted through.
      select (select tenant_id from deliveries where circuit = ${circuit} and state = 'waiting' and attempts = 0
              and tenant_id > waiting_tenants.tenant_id order by tenant_id limit 1)
      from waiting_tenants where tenant_id is not null
    ), fresh as (
      select tenant_id, delivery_id, 0 as attempts, position, row_number() over (partition by tenant_id order by position) as turn
      from waiting_tenants cross join lateral (
        select delivery_id, position from deliveries
        where circuit = ${circuit} and deliveries.tenant_id = waiting_tenants.tenant_id and state = 'waiting' and attempts = 0
          and ${isClaimable}
        order by position limit ${most}
      ) as first_ones
    ), due as (
      select tenant_id, delivery_id from (table again union all table fresh) as candidates
      order by attempts desc, turn, position
      limit least(${most}::int8, greatest(0, ${atOnce}::int8 - (
        select count(*) from deliveries where circuit = ${circuit} and state = 'sending')))
    ), claimed as (
      update deliveries set state = 'sending', attempts = attempts + 1, fencing = fencing + 1,
        lease_expires_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
      from due where deliveries.tenant_id = due.tenant_id and deliveries.delivery_id = due.delivery_id and state = 'waiting'
      returning deliveries.*
    ), noted as (
      insert into delivery_attempts (tenant_id, delivery_id, attempt) select tenant_id, delivery_id, attempts from claimed
    )
    select claimed.tenant_id, delivery_id, fencing, attempts,
      extract(epoch from clock_timestamp() - started_at)::float8 as age_seconds, channel_id, channels.kind as channel_kind, settings,
      sealed_secrets, signal_id, signals.kind, signals.subject, severity, title, facts, raised_at
    from claimed join channels using (tenant_id, channel_id) join signals using (tenant_id, signal_id)
    order by claimed.attempts desc, claimed.position`.execute(tx)
  return rows.map(toClaim)
}

function toClaim(row: ClaimedRow): Claim {
  const tenant = tenantId(row.tenant_id)
  return {
    tenantId: tenant,
    deliveryId: row.delivery_id,
    fencing: row.fencing,
    attempt: row.attempts,
    ageSeconds: row.age_seconds,
    channel: {
      tenant_id: tenant,
      channel_id: row.channel_id,
      kind: row.channel_kind,
      settings: row.settings,
      sealed_secrets: row.sealed_secrets,
    },
    message: {
      deliveryId: row.delivery_id,
      tenantId: tenant,
      signal: {
        ...{ signal_id: row.signal_id, kind: row.kind, subject: row.subject, severity: row.severity },
        ...{ title: row.title, facts: row.facts, raised_at: row.raised_at },
      },
    },
  }
}

/** Gives back what processes took that have died since: whether it arrived nobody knows, so it is sent again. */
export const reclaimLost = sql<{ delivery_id: string }>`
  with lost as (
    update deliveries set state = 'waiting', lease_expires_at = null, due_at = clock_timestamp(),
      last_failure = 'The process that sent it died.'
    where state = 'sending' and lease_expires_at < clock_timestamp()
    returning tenant_id, delivery_id, attempts
  ), noted as (
    update delivery_attempts set ended_at = clock_timestamp(), outcome = 'lost'
    from lost where delivery_attempts.tenant_id = lost.tenant_id and delivery_attempts.delivery_id = lost.delivery_id
      and attempt = attempts and outcome is null
  )
  select delivery_id from lost`
