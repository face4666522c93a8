import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { connectorFault } from './faults.ts'

type Place = { tenantId: TenantId; connectorId: string }

/** Bound to its row: copied to another connector or tenant, it does not open. */
const contextOf = ({ tenantId, connectorId }: Place) => `connector:${tenantId}:${connectorId}`

export const sealCredentials = (sealer: Sealer, place: Place, credentials: unknown): Buffer =>
  sealer.seal(JSON.stringify(credentials), contextOf(place))

/** @throws connectors.credentials_unreadable when the installation's secret is another one now. */
export function openCredentials(sealer: Sealer, place: Place, sealed: Buffer): unknown {
  try {
    return JSON.parse(sealer.open(sealed, contextOf(place)))
  } catch (error) {
    throw connectorFault('connectors.credentials_unreadable', {
      public: 'The stored credentials can no longer be read. Enter them again.',
      internal: `sealed credentials of connector ${place.connectorId} do not open`,
      cause: error,
    })
  }
}
