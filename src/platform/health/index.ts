export { checkSchema, HEALTH_STATUSES, type HealthCheck, type HealthStatus, healthCheck } from './health-check.ts'
export { databaseCheck, HEALTH_CONNECTIONS, openHealthDatabase } from './health-database.ts'
export { type HealthReport, healthReport } from './health-report.ts'
export { forgetOldProcesses, startHeartbeat, workersCheck } from './processes.ts'

export const healthMigrations = { module: 'platform/health', directory: new URL('./migrations/', import.meta.url) }
