import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { OutboundBudget } from '../../../platform/resilience/index.ts'
import { specificationProvider } from '../connectors/index.ts'
import { jobRoutes } from './routes.ts'
import { ingestionRun } from './run-ingestion.ts'
import { startScheduler } from './schedule-runs.ts'
import { startRun } from './start-run.ts'
import { tenantIngestionRoutes } from './tenant-routes.ts'

export const ingestionMigrations = {
  module: 'desks/support/ingestion',
  directory: new URL('./migrations/', import.meta.url),
}

export const ingestionPermissions = {
  'ingestion.read': 'viewer',
  'ingestion.run': 'agent',
  'ingestion.cancel': 'agent',
  'ingestion.confirm': 'manager',
  'ingestion.schedule': 'manager',
} as const

/** Brings a tenant's tickets in from the provider at `baseUrl`, page by page. */
export function ingestionModule(dependencies: {
  database: Database
  baseUrl: string
  timeoutSeconds: number
  budget: OutboundBudget
  enqueue: EnqueueTask
  tenantOfTask: (taskId: string) => Promise<TenantId | null>
}) {
  const kind = ingestionRun({
    database: dependencies.database,
    source: {
      provider: specificationProvider(dependencies.baseUrl, { fetch, timeoutSeconds: dependencies.timeoutSeconds }),
      budget: dependencies.budget,
    },
    connection: dependencies.baseUrl,
  })
  const start = startRun(dependencies.enqueue, kind)
  return {
    routes: [...tenantIngestionRoutes, ...jobRoutes({ ...dependencies, start })],
    kinds: [kind as TaskKind],
    startRun: start,
    /** For processes with the role `scheduler`. */
    startScheduler: (logger: Logger) => startScheduler({ database: dependencies.database, startRun: start, logger }),
  }
}
