import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { invalid } from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { openCredentials, sealCredentials } from './credentials.ts'
import type { DeskMapping } from './desk-mapping.ts'
import { connectorNotFound } from './faults.ts'
import { ConfiguredConnector } from './kinds.ts'
import { type ConnectorRow, updateConnector } from './store.ts'

/**
 * What may change of a connector. Not its settings: at another address the ids and the cursor mean other tickets, and
 * whoever may change the address could have the stored credentials sent to a server of their own.
 */
export type ConnectorChange = {
  credentials?: Record<string, unknown> | undefined
  calls_per_minute?: number | undefined
  /** As a whole; it counts for what is read from then on. */
  mapping?: DeskMapping | undefined
}

/**
 * The connection as it will be, to be checked at the helpdesk.
 *
 * @throws connectors.credentials_unreadable, http.invalid
 */
export function planChange(sealer: Sealer, row: ConnectorRow, change: ConnectorChange): ConfiguredConnector {
  const place = { tenantId: row.tenant_id as TenantId, connectorId: row.connector_id }
  const credentials = change.credentials ?? openCredentials(sealer, place, row.sealed_credentials)
  const configured = ConfiguredConnector.safeParse({ kind: row.kind, settings: row.settings, credentials })
  if (configured.success) return configured.data
  throw invalid(configured.error.issues.map(({ path, message }) => ({ in: 'body', field: path.join('.'), message })))
}

/** Stores a change whose access was checked; what was not sent stays, whoever changes it meanwhile. @throws connectors.not_found */
export async function changeConnector(
  tx: Tx,
  sealer: Sealer,
  changed: ConnectorChange & { tenantId: TenantId; connectorId: string; account: string; changedBy: string },
): Promise<void> {
  const { tenantId, connectorId, credentials, calls_per_minute, mapping, account } = changed
  const updated = await updateConnector(tx, {
    ...{ connector_id: connectorId, account, calls_per_minute: calls_per_minute ?? null },
    mapping: mapping ?? null,
    sealed_credentials: credentials === undefined ? null : sealCredentials(sealer, changed, credentials),
  })
  if (!updated) throw connectorNotFound()
  const fields = Object.entries({ credentials, calls_per_minute, mapping }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  )
  const [subject, details] = [`connector:${connectorId}`, { fields, account }]
  await recordAudit(tx, { tenantId, actor: changed.changedBy, action: 'connector.change', subject, details })
}
