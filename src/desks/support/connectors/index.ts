import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type ConnectorDependencies, openConnector } from './open-connector.ts'
import { connectorRoutes } from './routes.ts'

export { type CallContext, type Costed, callProvider, type Source } from './call-provider.ts'
export { connectorNotFound } from './faults.ts'
export {
  CONNECTOR_KINDS,
  CONNECTORS,
  ConfiguredConnector,
  type ConnectorKind,
  openSource,
} from './kinds.ts'
export type { OpenConnector } from './open-connector.ts'
export {
  type ChangePage,
  type ChangeSource,
  type FailedTicket,
  type PageSource,
  ProviderError,
  type ProviderPage,
} from './port.ts'
export { failedTicket, isFailed, type ReadTickets, readTicket, readTickets, shortly } from './read-ticket.ts'
export type { Http } from './request-json.ts'
export { PAGE_SIZE, specificationProvider } from './specification.ts'
export { findConnector, saveCursor } from './store.ts'

export const connectorMigrations = {
  module: 'desks/support/connectors',
  directory: new URL('./migrations/', import.meta.url),
}

export const connectorPermissions = { 'connector.read': 'viewer', 'connector.manage': 'manager' } as const

/** Opens a tenant's connector; undefined when there is none with this id. */
export type OpenConnectorOf = (tenantId: TenantId, connectorId: string) => ReturnType<typeof openConnector>

/** The helpdesks that tenants connect, and the way to speak to each. `http` leaves through the outbound guard. */
export function connectorsModule(dependencies: ConnectorDependencies) {
  const open: OpenConnectorOf = (tenantId, connectorId) => openConnector(dependencies, tenantId, connectorId)
  return { routes: connectorRoutes(dependencies), openConnector: open }
}
