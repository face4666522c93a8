export {
  type Access,
  type Authenticate,
  type Caller,
  type Decision,
  demandPermission,
  unauthenticated,
} from './access.ts'
export { accessComplaint, type MountedRoute } from './audit-access.ts'
export { API_PREFIX, BODY_LIMIT_BYTES, buildApp } from './build-app.ts'
export { networkOf } from './connections/network-of.ts'
export { httpFault } from './faults.ts'
export { IDEMPOTENCY_KEEP_HOURS } from './idempotency/once.ts'
export { asksForEvents } from './live/asks-for-events.ts'
export { type ChangeEvent, type Changes, type Hub, openChangeHub } from './live/change-hub.ts'
export { EventId, lastEventId } from './live/last-event-id.ts'
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

import type { RetentionByTable } from '../upkeep/index.ts'
import { IDEMPOTENCY_KEEP_HOURS } from './idempotency/once.ts'

export const httpMigrations = { module: 'platform/http', directory: new URL('./migrations/', import.meta.url) }

export const httpRetention: RetentionByTable = {
  idempotency_keys: {
    becomes: 'removed',
    what: 'answers to requests that carried an Idempotency-Key',
    why: 'Who repeats a request does so soon; what is promised to callers is the same for all.',
    days: IDEMPOTENCY_KEEP_HOURS / 24,
    since: 'created_at',
    scope: { of: 'all', key: ['tenant_id', 'caller_id', 'key'] },
  },
}
