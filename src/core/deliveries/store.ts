import { type SqlBool, sql } from 'kysely'
import type { Tx } from '../../platform/database/index.ts'
import type { DeliveryState } from './delivery.ts'

/** A row, without what only the dispatcher needs. */
export type Delivery = {
  tenant_id: string
  delivery_id: string
  channel_id: string
  signal_id: string
  subject: string
  state: DeliveryState
  attempts: number
  due_at: Date
  created_at: Date
  ended_at: Date | null
  last_failure: string | null
}

export type Attempt = {
  attempt: number
  started_at: Date
  ended_at: Date | null
  outcome: string | null
  status_code: number | null
  reason: string | null
}

const COLUMNS = sql.raw(
  'tenant_id, delivery_id, channel_id, signal_id, subject, state, attempts, due_at, created_at, ended_at, last_failure',
)

export type DeliveryFilter = {
  state?: DeliveryState | undefined
  channel_id?: string | undefined
  signal_id?: string | undefined
}

/** Newest first; `before` is the id of the last one of the page before. */
export async function listDeliveries(
  tx: Tx,
  { state, channel_id, signal_id, before, limit }: DeliveryFilter & { before?: string | undefined; limit: number },
): Promise<Delivery[]> {
  const conditions = [
    ...(state === undefined ? [] : [sql<SqlBool>`state = ${state}`]),
    ...(channel_id === undefined ? [] : [sql<SqlBool>`channel_id = ${channel_id}`]),
    ...(signal_id === undefined ? [] : [sql<SqlBool>`signal_id = ${signal_id}`]),
    ...(before === undefined ? [] : [sql<SqlBool>`delivery_id < ${before}`]),
  ]
  const { rows } = await sql<Delivery>`
    select ${COLUMNS} from deliveries where ${sql.join([sql`true`, ...conditions], sql` and `)}
    order by delivery_id desc limit ${limit}`.execute(tx)
  return rows
}

export async function findDelivery(tx: Tx, deliveryId: string): Promise<Delivery | undefined> {
  const { rows } = await sql<Delivery>`select ${COLUMNS} from deliveries where delivery_id = ${deliveryId}`.execute(tx)
  return rows[0]
}

/** The last ones, in the order in which they were made. */
export async function listAttempts(tx: Tx, deliveryId: string, limit: number): Promise<Attempt[]> {
  const { rows } = await sql<Attempt>`
    select * from (
      select attempt, started_at, ended_at, outcome, status_code, reason from delivery_attempts
      where delivery_id = ${deliveryId} order by attempt desc limit ${limit}
    ) as latest order by attempt`.execute(tx)
  return rows
}

/**
 * Lets deliveries that have ended start anew; returns their ids. One whose channel is switched off stays as it is: it
 * would never leave. Without an id: the dead ones of a channel, or of all, oldest first and at most `limit` at once.
 */
export async function redrive(
  tx: Tx,
  what: { deliveryId: string } | { channelId?: string | undefined; limit: number },
): Promise<string[]> {
  const chosen =
    'deliveryId' in what
      ? sql`delivery_id = ${what.deliveryId} and state in ('delivered', 'dead')`
      : sql`deliveries.state = 'dead' and delivery_id in (
          select delivery_id from deliveries join channels using (tenant_id, channel_id)
          where deliveries.state = 'dead' and channels.is_enabled
            ${what.channelId === undefined ? sql`` : sql`and deliveries.channel_id = ${what.channelId}`}
          order by deliveries.ended_at, delivery_id limit ${what.limit})`
  const { rows } = await sql<{ delivery_id: string }>`
    with anew as (
      update deliveries set state = 'waiting', tries = 0, due_at = now(), started_at = now(), ended_at = null
      from channels
      where channels.tenant_id = deliveries.tenant_id and channels.channel_id = deliveries.channel_id and channels.is_enabled
        and ${chosen}
      returning delivery_id
    )
    select delivery_id, pg_notify('signalbox_deliveries', '') from anew`.execute(tx)
  return rows.map(({ delivery_id }) => delivery_id)
}

/** Where a delivery that is asked for by its id alone belongs. */
export const tenantOfDelivery = (deliveryId: string) =>
  sql<{ tenant_id: string }>`select tenant_id from deliveries where delivery_id = ${deliveryId}`
