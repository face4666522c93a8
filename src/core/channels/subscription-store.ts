import { sql } from 'kysely'
import type { Tx } from '../../platform/database/index.ts'
import type { Severity } from '../signals/index.ts'

export type SubscriptionRow = {
  tenant_id: string
  subscription_id: string
  channel_id: string
  kinds: string[]
  minimum_severity: Severity
  /** HH:MM:SS, as PostgreSQL writes times. */
  quiet_from: string | null
  quiet_to: string | null
  created_by: string
  created_at: Date
}

export type SubscriptionTerms = Pick<SubscriptionRow, 'kinds' | 'minimum_severity' | 'quiet_from' | 'quiet_to'>

/** Undefined when the channel has so many already. The channel is locked, so that nobody adds one meanwhile. */
export async function insertSubscription(
  tx: Tx,
  subscription: SubscriptionTerms & Pick<SubscriptionRow, 'channel_id' | 'created_by'>,
  perChannelMax: number,
): Promise<SubscriptionRow | undefined> {
  const { channel_id, kinds, minimum_severity, quiet_from, quiet_to, created_by } = subscription
  const { rows } = await sql<SubscriptionRow>`
    insert into subscriptions (tenant_id, channel_id, kinds, minimum_severity, quiet_from, quiet_to, created_by)
    select current_setting('signalbox.tenant_id'), ${channel_id}, ${kinds}::text[], ${minimum_severity}::signal_severity,
      ${quiet_from}::time, ${quiet_to}::time, ${created_by}
    where (select count(*) from subscriptions where channel_id = ${channel_id}) < ${perChannelMax}
    returning *`.execute(tx)
  return rows[0]
}

export async function findSubscription(tx: Tx, subscriptionId: string): Promise<SubscriptionRow | undefined> {
  const { rows } = await sql<SubscriptionRow>`
    select * from subscriptions where subscription_id = ${subscriptionId}`.execute(tx)
  return rows[0]
}

/** Oldest first; `after` is the last id of the page before. */
export async function listSubscriptions(
  tx: Tx,
  page: { channelId?: string | undefined; after?: string | undefined; limit: number },
): Promise<SubscriptionRow[]> {
  const { rows } = await sql<SubscriptionRow>`
    select * from subscriptions
    where ${page.channelId === undefined ? sql`true` : sql`channel_id = ${page.channelId}`}
      and ${page.after === undefined ? sql`true` : sql`subscription_id > ${page.after}`}
    order by subscription_id limit ${page.limit}`.execute(tx)
  return rows
}

/** What is undefined stays, whoever changes it meanwhile. */
export async function updateSubscription(
  tx: Tx,
  subscriptionId: string,
  change: {
    kinds: string[] | undefined
    minimum_severity: Severity | undefined
    quiet: { from: string | null; to: string | null } | undefined
  },
): Promise<SubscriptionRow | undefined> {
  const { quiet } = change
  const { rows } = await sql<SubscriptionRow>`
    update subscriptions set kinds = coalesce(${change.kinds ?? null}::text[], kinds),
      minimum_severity = coalesce(${change.minimum_severity ?? null}::signal_severity, minimum_severity),
      quiet_from = ${quiet === undefined ? sql`quiet_from` : sql`${quiet.from}::time`},
      quiet_to = ${quiet === undefined ? sql`quiet_to` : sql`${quiet.to}::time`}
    where subscription_id = ${subscriptionId} returning *`.execute(tx)
  return rows[0]
}

export async function deleteSubscription(tx: Tx, subscriptionId: string): Promise<boolean> {
  const { rows } = await sql`delete from subscriptions where subscription_id = ${subscriptionId} returning 1`.execute(
    tx,
  )
  return rows.length === 1
}
