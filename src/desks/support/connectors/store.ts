import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { DeskMapping } from './desk-mapping.ts'

/** A configured connector as it is stored; the credentials are sealed. */
export type ConnectorRow = {
  tenant_id: string
  connector_id: string
  name: string
  kind: string
  settings: unknown
  sealed_credentials: Buffer
  account: string
  calls_per_minute: number
  mapping: DeskMapping
  cursor: string | null
  checked_at: Date
  created_by: string
  created_at: Date
}

/** False when the tenant has one with this name already. */
export async function insertConnector(
  tx: Tx,
  connector: Pick<
    ConnectorRow,
    | 'connector_id'
    | 'name'
    | 'kind'
    | 'settings'
    | 'sealed_credentials'
    | 'account'
    | 'calls_per_minute'
    | 'created_by'
    | 'mapping'
  >,
): Promise<boolean> {
  const { rows } = await sql`
    insert into connectors (tenant_id, connector_id, name, kind, settings, sealed_credentials, account,
      calls_per_minute, mapping, checked_at, created_by)
    values (current_setting('signalbox.tenant_id'), ${connector.connector_id}, ${connector.name}, ${connector.kind},
      ${JSON.stringify(connector.settings)}, ${connector.sealed_credentials}, ${connector.account},
      ${connector.calls_per_minute}, ${JSON.stringify(connector.mapping)}, now(), ${connector.created_by})
    on conflict (tenant_id, name) do nothing returning 1`.execute(tx)
  return rows.length === 1
}

export async function findConnector(tx: Tx, connectorId: string): Promise<ConnectorRow | undefined> {
  const { rows } = await sql<ConnectorRow>`select * from connectors where connector_id = ${connectorId}`.execute(tx)
  return rows[0]
}

/** By name; `after` is the last name of the page before. */
export async function listConnectors(
  tx: Tx,
  page: { after?: string | undefined; limit: number },
): Promise<ConnectorRow[]> {
  const { rows } = await sql<ConnectorRow>`
    select * from connectors where ${page.after === undefined ? sql`true` : sql`name > ${page.after}`}
    order by name limit ${page.limit}`.execute(tx)
  return rows
}

/** Writes what a change brings, after it was checked; null stays as it is. False when the connector is gone. */
export async function updateConnector(
  tx: Tx,
  change: Pick<ConnectorRow, 'connector_id' | 'account'> & {
    sealed_credentials: Buffer | null
    calls_per_minute: number | null
    mapping: DeskMapping | null
  },
): Promise<boolean> {
  const { rows } = await sql`
    update connectors set account = ${change.account}, checked_at = now(),
      sealed_credentials = coalesce(${change.sealed_credentials}::bytea, sealed_credentials),
      calls_per_minute = coalesce(${change.calls_per_minute}::integer, calls_per_minute),
      mapping = coalesce(${change.mapping === null ? null : JSON.stringify(change.mapping)}::jsonb, mapping)
    where connector_id = ${change.connector_id} returning 1`.execute(tx)
  return rows.length === 1
}

/** Notes how far its changes are stored; false when the connector is gone. */
export async function saveCursor(tx: Tx, connectorId: string, cursor: string): Promise<boolean> {
  const { rows } = await sql`
    update connectors set cursor = ${cursor} where connector_id = ${connectorId} returning 1`.execute(tx)
  return rows.length === 1
}

/** Remembers where its tickets are from, if it has brought any. False when the connector is gone already. */
export async function deleteConnector(tx: Tx, connectorId: string): Promise<boolean> {
  const { rows } = await sql`
    with gone as (
      delete from connectors where connector_id = ${connectorId} returning tenant_id, name, kind, settings, cursor
    ), remembered as (
      insert into removed_connectors (tenant_id, name, kind, settings)
      select tenant_id, name, kind, settings from gone where cursor is not null
      on conflict (tenant_id, name) do nothing
    )
    select 1 from gone`.execute(tx)
  return rows.length === 1
}

/** Whether a connector of this name has brought tickets from somewhere else before it was removed. */
export async function isNameOfAnother(
  tx: Tx,
  { name, kind, settings }: Pick<ConnectorRow, 'name' | 'kind' | 'settings'>,
): Promise<boolean> {
  const { rows } = await sql`
    select 1 from removed_connectors
    where name = ${name} and (kind <> ${kind} or settings <> ${JSON.stringify(settings)}::jsonb)`.execute(tx)
  return rows.length > 0
}
