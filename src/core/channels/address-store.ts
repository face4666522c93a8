import { sql } from 'kysely'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'

/** Those that have not been confirmed in this tenant. All addresses here are in lower case. */
export async function selectUnconfirmed(
  tx: Tx,
  addresses: readonly string[],
): Promise<{ address: string; wasAskedToday: boolean }[]> {
  const { rows } = await sql<{ address: string; wasAskedToday: boolean }>`
    select wanted.address, coalesce(asked_at > now() - interval '1 day', false) as "wasAskedToday"
    from unnest(${addresses}::text[]) as wanted (address) left join channel_addresses as known using (address)
    where known.confirmed_at is null order by wanted.address`.execute(tx)
  return rows
}

/** Notes that they are asked now. */
export async function noteAsked(tx: Tx, tenantId: TenantId, addresses: readonly string[]): Promise<void> {
  await sql`
    insert into channel_addresses (tenant_id, address, asked_at) select ${tenantId}, address, now()
    from unnest(${addresses}::text[]) as asked (address)
    on conflict (tenant_id, address) do update set asked_at = now()`.execute(tx)
}

/**
 * The token that confirms from now on; false when the address is confirmed, or no channel leads there any more: then it counts as
 * never asked, so that the next channel asks it. Under the lock of the tenant's channels.
 */
export async function renewToken(
  tx: Tx,
  address: string,
  token: { hash: Buffer; validSeconds: number },
): Promise<boolean> {
  const { rows } = await sql`
    update channel_addresses set token_hash = ${token.hash}, token_expires_at = now() + ${token.validSeconds} * interval '1 second'
    where address = ${address} and confirmed_at is null
      and exists (select from channels where ${address} = any(awaiting)) returning 1`.execute(tx)
  if (rows.length === 1) return true
  await sql`update channel_addresses set asked_at = null where address = ${address} and confirmed_at is null`.execute(
    tx,
  )
  return false
}

/** Whose address it is; null when the token is unknown, was replaced by a later one or is too old. */
export async function findByToken(
  tx: SystemTx,
  tokenHash: Buffer,
): Promise<{ tenantId: TenantId; address: string } | null> {
  const { rows } = await sql<{ tenantId: TenantId; address: string }>`
    select tenant_id as "tenantId", address from channel_addresses
    where token_hash = ${tokenHash} and token_expires_at > now()`.execute(tx)
  return rows[0] ?? null
}

/** Confirms the address for all channels of the tenant; answers those that waited for it. */
export async function confirm(tx: Tx, address: string): Promise<{ channelId: string; awaiting: number }[]> {
  await sql`update channel_addresses set confirmed_at = coalesce(confirmed_at, now()) where address = ${address}`.execute(
    tx,
  )
  const { rows } = await sql<{ channelId: string; awaiting: number }>`
    update channels set awaiting = array_remove(awaiting, ${address}), updated_at = now() where ${address} = any(awaiting)
    returning channel_id as "channelId", cardinality(awaiting) as awaiting`.execute(tx)
  return rows
}

/** Of these addresses the ones to which a test may go before they are confirmed, which is used up by this. */
export async function useUpTests(tx: Tx, addresses: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    update channel_addresses set tested_at = now()
    where address = any(${addresses}) and tested_at is null and confirmed_at is null returning address`.execute(tx)
  return rows.map(({ address }) => address)
}
