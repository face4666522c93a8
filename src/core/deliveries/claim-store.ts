import { sql } from 'kysely'
import { tenantId } from '../../kernel/tenant-id.ts'
import { prepared, type SystemTx } from '../../platform/database/index.ts'
import type { ChannelKind } from '../channels/index.ts'
import type { Severity } from '../signals/index.ts'
import { type Claim, STANDS_BACK_FROM } from './delivery.ts'

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
export const listLanes = (openSeconds: number) => sql<Lane>`${prepared('list_lanes')}
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

/** Of one subject the later one waits until the earlier one has ended, unless that one waits for quiet hours to end. */
const isClaimable = sql`due_at <= (select clock_timestamp()) and not exists (
        select from deliveries as earlier
        where earlier.tenant_id = deliveries.tenant_id and earlier.channel_id = deliveries.channel_id
          and earlier.subject = deliveries.subject and earlier.position < deliveries.position
          and (earlier.state = 'sending' or earlier.state = 'waiting' and (earlier.tries > 0 or earlier.due_at <= clock_timestamp())))`

type ClaimedRow = {
  tenant_id: string
  delivery_id: string
  fencing: number
  attempts: number
  tries: number
  age_seconds: number
  channel_id: string
  channel_kind: ChannelKind
  settings: unknown
  sealed_secrets: Buffer | null
  awaiting: string[]
  signal_id: string
  kind: string
  subject: string
  severity: Severity
  title: string
  facts: Record<string, unknown>
  raised_at: Date
}

export type ClaimOptions = {
  circuit: string
  /** Calls under way, over all processes: the caller holds the circuit's row. */
  atOnce: number
  most: number
  leaseSeconds: number
  /** The tenant behind which to look for what was never tried; '' begins with the first. */
  after: string
  /** A probe of every third time is one that was tried least: those that always fail would be all probes there are. */
  isProbe: boolean
}

/**
 * Takes deliveries of a circuit that are due and notes the attempt before it is made: those that have failed most often
 * first, then those never tried, each tenant's first before any tenant's second, and last those that stand back.
 */
export async function claimDeliveries(tx: SystemTx, options: ClaimOptions): Promise<Claim[]> {
  const { circuit, atOnce, most, leaseSeconds, after, isProbe } = options
  const { rows } = await sql<ClaimedRow>`
    with recursive again as (
      select tenant_id, delivery_id, tries, position from deliveries
      where circuit = ${circuit} and state = 'waiting' and tries > 0 and tries < ${STANDS_BACK_FROM} and ${isClaimable}
      order by tries desc, position limit ${most}
    ), standing_back as (
      select tenant_id, delivery_id, tries, position from deliveries
      where circuit = ${circuit} and state = 'waiting' and tries >= ${STANDS_BACK_FROM} and ${isClaimable}
      order by tries, position limit ${most}
    ), steps as (
      (select tenant_id, due_at <= clock_timestamp() as is_due, 0::int8 as due_before from deliveries
       where circuit = ${circuit} and state = 'waiting' and tries = 0 and tenant_id > ${after} order by tenant_id, due_at limit 1)
      union all
      -- From one tenant to the next, over those in quiet hours, no further than there is room for.
      select next.tenant_id, next.due_at <= clock_timestamp(), due_before + is_due::int
      from steps cross join lateral (
        select tenant_id, due_at from deliveries
        where circuit = ${circuit} and state = 'waiting' and tries = 0 and tenant_id > steps.tenant_id
        order by tenant_id, due_at limit 1
      ) as next
      where due_before + is_due::int < ${most}
    ), waiting_tenants as materialized (
      select tenant_id from steps where is_due
    ), fresh as (
      select tenant_id, delivery_id, position, row_number() over (partition by tenant_id order by due_at, position) as turn
      from waiting_tenants cross join lateral (
        select delivery_id, due_at, position from deliveries
        where circuit = ${circuit} and deliveries.tenant_id = waiting_tenants.tenant_id and state = 'waiting' and tries = 0
          and ${isClaimable}
        order by due_at, position limit ceil(${most}::float8 / (select count(*) from waiting_tenants))
      ) as first_ones
    ), candidates as (
      select tenant_id, delivery_id, tries as rank, tries, 0::int8 as turn, position from again
      union all
      select tenant_id, delivery_id, 0, 0, turn, position from fresh
      union all
      select tenant_id, delivery_id, -1, tries, 0, position from standing_back
    ), due as (
      select tenant_id, delivery_id from candidates
      order by
        case when ${isProbe} and (select times_opened % 3 = 2 from platform.circuits where name = ${circuit}) then tries end,
        rank desc, turn, position
      limit least(${most}::int8, greatest(0, ${atOnce}::int8 - (
        select count(*) from deliveries where circuit = ${circuit} and state = 'sending')))
    ), claimed as (
      update deliveries set state = 'sending', attempts = attempts + 1, tries = tries + 1, fencing = fencing + 1,
        lease_expires_at = clock_timestamp() + ${leaseSeconds} * interval '1 second',
        started_at = case when tries = 0 then clock_timestamp() else started_at end
      from due where deliveries.tenant_id = due.tenant_id and deliveries.delivery_id = due.delivery_id and state = 'waiting'
      returning deliveries.*
    ), noted as (
      insert into delivery_attempts (tenant_id, delivery_id, attempt) select tenant_id, delivery_id, attempts from claimed
    )
    select claimed.tenant_id, delivery_id, fencing, attempts, tries,
      extract(epoch from clock_timestamp() - started_at)::float8 as age_seconds, channel_id, channels.kind as channel_kind, settings,
      sealed_secrets, awaiting, signal_id, signals.kind, signals.subject, severity, title, facts, raised_at
    from claimed join channels using (tenant_id, channel_id) join signals using (tenant_id, signal_id)
    order by claimed.tries desc, claimed.position`.execute(tx)
  return rows.map(toClaim)
}

function toClaim(row: ClaimedRow): Claim {
  const tenant = tenantId(row.tenant_id)
  return {
    tenantId: tenant,
    deliveryId: row.delivery_id,
    fencing: row.fencing,
    attempt: row.attempts,
    tries: row.tries,
    ageSeconds: row.age_seconds,
    channel: {
      tenant_id: tenant,
      channel_id: row.channel_id,
      kind: row.channel_kind,
      settings: row.settings,
      sealed_secrets: row.sealed_secrets,
      awaiting: row.awaiting,
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
export const reclaimLost = sql<{ delivery_id: string }>`${prepared('reclaim_lost_deliveries')}
  with lost as (
    update deliveries set state = case when is_enabled then 'waiting' else 'dead' end, lease_expires_at = null,
      due_at = clock_timestamp(), ended_at = case when not is_enabled then clock_timestamp() end,
      last_failure = 'The process that sent it died.'
    from channels
    where deliveries.state = 'sending' and lease_expires_at < clock_timestamp()
      and channels.tenant_id = deliveries.tenant_id and channels.channel_id = deliveries.channel_id
    returning deliveries.tenant_id, delivery_id, attempts
  ), noted as (
    update delivery_attempts set ended_at = clock_timestamp(), outcome = 'lost'
    from lost where delivery_attempts.tenant_id = lost.tenant_id and delivery_attempts.delivery_id = lost.delivery_id
      and attempt = attempts and outcome is null
  )
  select delivery_id from lost`
