import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { invalid } from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { openCredentials, sealCredentials } from './credentials.ts'
import { connectorFault, connectorNotFound } from './faults.ts'
import { ConfiguredConnector } from './kinds.ts'
import { type ConnectorRow, updateConnector } from './store.ts'

export type ConnectorChange = {
  settings?: Record<string, unknown> | undefined
  credentials?: Record<string, unknown> | undefined
  calls_per_minute?: number | undefined
}

/**
 * What the connector will be. Other settings need the credentials with them: otherwise whoever may change the address
 * could have the stored ones sent to a server of their own.
 *
 * @throws connectors.settings_need_credentials, connectors.credentials_unreadable, http.invalid
 */
export function planChange(
  sealer: Sealer,
  row: ConnectorRow,
  change: ConnectorChange,
): ConfiguredConnector & { callsPerMinute: number } {
  if (change.settings && !change.credentials) {
    throw connectorFault('connectors.settings_need_credentials', {
      public: 'With other settings, send the credentials too: stored ones are used only where they were entered for.',
      internal: 'settings changed without credentials',
    })
  }
  const place = { tenantId: row.tenant_id as TenantId, connectorId: row.connector_id }
  const credentials = change.credentials ?? openCredentials(sealer, place, row.sealed_credentials)
  const settings = change.settings ?? row.settings
  const configured = ConfiguredConnector.safeParse({ kind: row.kind, settings, credentials })
  if (!configured.success) {
    throw invalid(configured.error.issues.map(({ path, message }) => ({ in: 'body', field: path.join('.'), message })))
  }
  return { ...configured.data, callsPerMinute: change.calls_per_minute ?? row.calls_per_minute }
}

/** Stores a change whose access was checked. @throws connectors.not_found */
export async function changeConnector(
  tx: Tx,
  sealer: Sealer,
  changed: ConfiguredConnector & {
    tenantId: TenantId
    connectorId: string
    callsPerMinute: number
    account: string
    changedBy: string
    fields: readonly string[]
  },
): Promise<void> {
  const { tenantId, connectorId, settings, account, fields } = changed
  const updated = await updateConnector(tx, {
    ...{ connector_id: connectorId, settings, account },
    calls_per_minute: changed.callsPerMinute,
    sealed_credentials: sealCredentials(sealer, changed, changed.credentials),
  })
  if (!updated) throw connectorNotFound()
  const subject = `connector:${connectorId}`
  const details = { fields: [...fields], account }
  await recordAudit(tx, { tenantId, actor: changed.changedBy, action: 'connector.change', subject, details })
}
