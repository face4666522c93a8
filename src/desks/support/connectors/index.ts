import type { TenantId } from '../../../kernel/tenant-id.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { openConnector } from './open-connector.ts'
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

/** Opens a tenant's connector; undefined when there is none with this id. */
export type OpenConnectorOf = (tenantId: TenantId, connectorId: string) => ReturnType<typeof openConnector>

export type ConnectorsApi = { openConnector: OpenConnectorOf }

/** The helpdesks that tenants connect, and the way to speak to each: through the outbound guard. */
export const connectorsModule = defineModule<ConnectorsApi>({
  name: 'desks/support/connectors',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    connectors: { becomes: 'kept', what: 'connectors', why: 'What people have set up, until they remove it.' },
    removed_connectors: {
      becomes: 'kept',
      what: 'names of connectors that were removed after they had brought tickets',
      why: 'Their tickets stay, and the ids of those begin with the name: it must not be given to another account. One row for each name.',
    },
  },
  permissions: { 'connector.read': 'viewer', 'connector.manage': 'manager' },
  open: ({ config, database, sealer, openOutbound }) => {
    const http = { fetch: openOutbound().fetch, timeoutSeconds: config.EXTERNAL_TIMEOUT_SECONDS }
    const dependencies = { database, sealer, http }
    return {
      api: { openConnector: (tenantId, connectorId) => openConnector(dependencies, tenantId, connectorId) },
      routes: connectorRoutes(dependencies),
    }
  },
})
