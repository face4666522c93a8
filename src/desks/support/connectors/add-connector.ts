import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { sealCredentials } from './credentials.ts'
import type { DeskMapping } from './desk-mapping.ts'
import { connectorFault } from './faults.ts'
import type { ConfiguredConnector } from './kinds.ts'
import { insertConnector, isNameOfAnother } from './store.ts'

export type NewConnector = ConfiguredConnector & {
  tenantId: TenantId
  connectorId: string
  name: string
  callsPerMinute: number
  mapping?: DeskMapping | undefined
  /** Whose the credentials are, as the helpdesk said when it was asked. */
  account: string
  addedBy: string
}

/** Stores a connector whose access was checked. @throws connectors.name_taken, connectors.name_of_another_account */
export async function addConnector(tx: Tx, sealer: Sealer, connector: NewConnector): Promise<void> {
  const { tenantId, connectorId, name, kind, settings, account, addedBy } = connector
  const inserted = await insertConnector(tx, {
    ...{ connector_id: connectorId, name, kind, settings, account, created_by: addedBy },
    calls_per_minute: connector.callsPerMinute,
    mapping: connector.mapping ?? {},
    sealed_credentials: sealCredentials(sealer, connector, connector.credentials),
  })
  if (!inserted) {
    throw connectorFault('connectors.name_taken', {
      public: `The tenant has a connector called “${name}” already. Choose another name.`,
      internal: 'connector name taken',
    })
  }
  // Behind the insert, which waits for whoever is just removing the one that had the name.
  if (await isNameOfAnother(tx, { name, kind, settings })) {
    throw connectorFault('connectors.name_of_another_account', {
      public: `The tenant has tickets of another helpdesk whose connector was called “${name}”. Choose another name.`,
      internal: 'connector name of another account',
    })
  }
  const subject = `connector:${connectorId}`
  await recordAudit(tx, {
    tenantId,
    actor: addedBy,
    action: 'connector.add',
    subject,
    details: { kind, name, account },
  })
}
