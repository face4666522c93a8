import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import type { Channel } from './channel.ts'
import { channelNotFound } from './faults.ts'

/** A channel as it is stored; its secrets are sealed. */
export type ChannelRow = Channel & {
  name: string
  is_enabled: boolean
  disabled_reason: string | null
  created_by: string
  created_at: Date
  updated_at: Date
}

/** Until the end of the transaction nobody else adds or renames a channel of this tenant: what is checked stays true. */
export async function lockChannels(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(71642, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
}

/** How many there are, and which of these are taken. Under the lock. */
export async function lookAround(
  tx: Tx,
  wanted: { name: string; channelId?: string },
): Promise<{ count: number; hasName: boolean; hasNotify: boolean }> {
  const { rows } = await sql<{ count: number; has_name: boolean; has_notify: boolean }>`
    select count(*)::integer as count,
      coalesce(bool_or(name = ${wanted.name} and channel_id is distinct from ${wanted.channelId ?? null}::uuid), false) as has_name,
      coalesce(bool_or(kind = 'notify'), false) as has_notify
    from channels`.execute(tx)
  const { count = 0, has_name: hasName = false, has_notify: hasNotify = false } = rows[0] ?? {}
  return { count, hasName, hasNotify }
}

export async function insertChannel(
  tx: Tx,
  channel: Pick<ChannelRow, 'channel_id' | 'kind' | 'name' | 'settings' | 'sealed_secrets' | 'awaiting' | 'created_by'>,
): Promise<void> {
  await sql`
    insert into channels (tenant_id, channel_id, kind, name, settings, sealed_secrets, awaiting, created_by)
    values (current_setting('signalbox.tenant_id'), ${channel.channel_id}, ${channel.kind}, ${channel.name},
      ${JSON.stringify(channel.settings)}, ${channel.sealed_secrets}, ${channel.awaiting}, ${channel.created_by})`.execute(
    tx,
  )
}

export async function findChannel(tx: Tx, channelId: string): Promise<ChannelRow | undefined> {
  const { rows } = await sql<ChannelRow>`select * from channels where channel_id = ${channelId}`.execute(tx)
  return rows[0]
}

/** @throws channels.not_found */
export async function requireChannel(tx: Tx, channelId: string): Promise<ChannelRow> {
  const channel = await findChannel(tx, channelId)
  if (!channel) throw channelNotFound()
  return channel
}

/** The row stays as it is until the end of the transaction. */
export async function findChannelToChange(tx: Tx, channelId: string): Promise<ChannelRow | undefined> {
  const { rows } = await sql<ChannelRow>`select * from channels where channel_id = ${channelId} for update`.execute(tx)
  return rows[0]
}

/** By name; `after` is the last name of the page before. */
export async function listChannels(tx: Tx, page: { after?: string | undefined; limit: number }): Promise<ChannelRow[]> {
  const { rows } = await sql<ChannelRow>`
    select * from channels where ${page.after === undefined ? sql`true` : sql`name > ${page.after}`}
    order by name limit ${page.limit}`.execute(tx)
  return rows
}

/** Writes a row that was found to change. */
export async function updateChannel(
  tx: Tx,
  row: Pick<
    ChannelRow,
    'channel_id' | 'name' | 'settings' | 'sealed_secrets' | 'awaiting' | 'is_enabled' | 'disabled_reason'
  >,
): Promise<void> {
  await sql`
    update channels set name = ${row.name}, settings = ${JSON.stringify(row.settings)},
      sealed_secrets = ${row.sealed_secrets}, awaiting = ${row.awaiting}, is_enabled = ${row.is_enabled}, disabled_reason = ${row.disabled_reason},
      updated_at = now()
    where channel_id = ${row.channel_id}`.execute(tx)
}

/** False when it is gone, off already, or leads to somewhere else by now. */
export async function disableChannel(
  tx: Tx | SystemTx,
  channel: Pick<Channel, 'tenant_id' | 'channel_id' | 'sealed_secrets'>,
  reason: string,
): Promise<boolean> {
  const { rows } = await sql`
    update channels set is_enabled = false, disabled_reason = ${reason}, updated_at = now()
    where tenant_id = ${channel.tenant_id} and channel_id = ${channel.channel_id} and is_enabled
      and sealed_secrets is not distinct from ${channel.sealed_secrets}
    returning 1`.execute(tx)
  return rows.length === 1
}

/** With its subscriptions and deliveries. */
export async function deleteChannel(tx: Tx, channelId: string): Promise<void> {
  await sql`delete from channels where channel_id = ${channelId}`.execute(tx)
}
