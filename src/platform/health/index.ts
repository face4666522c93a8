export { checkSchema, HEALTH_STATUSES, type HealthCheck, type HealthStatus, healthCheck } from './health-check.ts'
export { databaseCheck, HEALTH_CONNECTIONS, openHealthDatabase } from './health-database.ts'
export { type HealthReport, healthReport } from './health-report.ts'
export { startHeartbeat, workersCheck } from './processes.ts'
export { reachableCheck } from './reachable-check.ts'

import type { RetentionByTable } from '../upkeep/index.ts'

export const healthMigrations = { module: 'platform/health', directory: new URL('./migrations/', import.meta.url) }

export const healthRetention: RetentionByTable = {
  'platform.processes': {
    becomes: 'removed',
    what: 'processes that are gone',
    why: 'Long enough to see what ran last week.',
    days: 7,
    since: 'seen_at',
    scope: { of: 'all', key: ['process_id'] },
  },
}
