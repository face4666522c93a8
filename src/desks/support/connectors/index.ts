export { type CallContext, type Costed, callProvider, type Source } from './call-provider.ts'
export {
  CONNECTOR_KINDS,
  CONNECTORS,
  ConfiguredConnector,
  type ConnectorKind,
  openSource,
} from './kinds.ts'
export {
  type ChangePage,
  type ChangeSource,
  type FailedTicket,
  type PageSource,
  ProviderError,
  type ProviderPage,
} from './port.ts'
export { isFailed, type ReadTickets, readTickets } from './read-ticket.ts'
export type { Http } from './request-json.ts'
export { PAGE_SIZE, specificationProvider } from './specification.ts'
