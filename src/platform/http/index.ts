export { type Access, type Authenticate, type Caller, type Decision, unauthenticated } from './access.ts'
export { accessComplaint, type MountedRoute } from './audit-access.ts'
export { API_PREFIX, BODY_LIMIT_BYTES, buildApp } from './build-app.ts'
export { httpFault } from './faults.ts'
export { forgetOldKeys, hashRequest, IDEMPOTENCY_KEEP_HOURS, once, readIdempotencyKey } from './idempotency.ts'
export { type LatestState, type LatestStates, openLatestStates } from './live/latest-states.ts'
export type { LiveEvent } from './live/live-event.ts'
export {
  decodeCursor,
  encodeCursor,
  linkHeader,
  PAGE_LIMIT_MAX,
  type Page,
  PageQuery,
  pageLinks,
  toPage,
} from './paging.ts'
export { invalid, Problem } from './problem.ts'
export {
  type Context,
  type PlatformRoute,
  personRoute,
  platformRoute,
  type Reply,
  type Route,
  reply,
  type SystemRoute,
  systemRoute,
  type TenantContext,
  type TenantRoute,
  tenantRoute,
} from './route.ts'
export { TenantIdField, TenantQuery } from './tenant-parameter.ts'

export const httpMigrations = { module: 'platform/http', directory: new URL('./migrations/', import.meta.url) }
