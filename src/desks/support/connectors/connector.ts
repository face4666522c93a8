import { z } from 'zod'
import { DeskMapping } from './desk-mapping.ts'
import { CONNECTOR_KINDS } from './kinds.ts'
import type { ConnectorRow } from './store.ts'

const timestamp = z.iso.datetime()

export const ConnectorView = z
  .object({
    connector_id: z.uuid(),
    tenant_id: z.string(),
    name: z.string().meta({ description: 'Stands before the ids of its tickets, e.g. `zendesk:35436`' }),
    kind: z.enum(CONNECTOR_KINDS),
    settings: z.record(z.string(), z.unknown()),
    account: z.string().meta({ description: 'Whose the credentials are, as the helpdesk says' }),
    calls_per_minute: z.int(),
    mapping: DeskMapping,
    has_read: z.boolean().meta({ description: 'Whether a run has stored anything of it yet' }),
    checked_at: timestamp,
    created_by: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'Connector' })

/** Without its credentials: they are never shown again, not even in part. */
export function presentConnector(row: ConnectorRow): z.output<typeof ConnectorView> {
  return {
    connector_id: row.connector_id,
    tenant_id: row.tenant_id,
    name: row.name,
    kind: row.kind as z.output<typeof ConnectorView>['kind'],
    settings: row.settings as Record<string, unknown>,
    account: row.account,
    calls_per_minute: row.calls_per_minute,
    mapping: row.mapping,
    has_read: row.cursor !== null,
    checked_at: row.checked_at.toISOString(),
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
  }
}
