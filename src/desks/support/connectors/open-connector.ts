import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { outboundBudget } from '../../../platform/resilience/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import type { Source } from './call-provider.ts'
import { openCredentials } from './credentials.ts'
import { ConfiguredConnector, openSource } from './kinds.ts'
import type { ChangeSource } from './port.ts'
import type { Http } from './request-json.ts'
import { findConnector } from './store.ts'

export type OpenConnector = {
  connectorId: string
  /** Stands before the ids of its tickets. */
  name: string
  /** How far its changes are stored; null: nothing yet. */
  cursor: string | null
  source: Source<ChangeSource>
}

export type ConnectorDependencies = { database: Database; sealer: Sealer; http: Http }

/** A tenant's connector, ready for calls within its budget; undefined when there is none with this id. */
export async function openConnector(
  { database, sealer, http }: ConnectorDependencies,
  tenantId: TenantId,
  connectorId: string,
): Promise<OpenConnector | undefined> {
  const row = await database.withTenant(tenantId, (tx) => findConnector(tx, connectorId))
  if (!row) return undefined
  const credentials = openCredentials(sealer, { tenantId, connectorId }, row.sealed_credentials)
  return {
    connectorId,
    name: row.name,
    cursor: row.cursor,
    source: {
      provider: openSource(
        ConfiguredConnector.parse({ kind: row.kind, settings: row.settings, credentials }),
        http,
        row.mapping,
      ),
      budget: outboundBudget({
        database,
        connection: `connector:${connectorId}`,
        limit: row.calls_per_minute,
        windowSeconds: 60,
      }),
    },
  }
}
