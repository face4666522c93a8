import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { OutboundBudget } from '../../../platform/resilience/index.ts'
import { type Http, type OpenConnectorOf, specificationProvider } from '../connectors/index.ts'
import type { ClassifyNews, ClassifyTickets } from '../tickets/index.ts'
import { importRoutes } from './import/routes.ts'
import { ingestionImport } from './import/run-import.ts'
import { providerCheck } from './provider-check.ts'
import { rejectRoutes } from './reject-routes.ts'
import { ingestionRetry } from './retry-reject.ts'
import { jobRoutes } from './routes.ts'
import { ingestionRun } from './run-ingestion.ts'
import { startScheduler } from './schedule-runs.ts'
import { startRun } from './start-run.ts'
import { tenantIngestionRoutes } from './tenant-routes.ts'

export { forgetOldUploads } from './import/upload-store.ts'

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

/** Brings a tenant's tickets in: from the provider at `baseUrl`, from its connectors, and from files. */
export function ingestionModule(dependencies: {
  database: Database
  baseUrl: string
  http: Http
  budget: OutboundBudget
  openConnector: OpenConnectorOf
  classifyTickets: ClassifyTickets
  classifyNews: ClassifyNews
  enqueue: EnqueueTask
  tenantOfTask: (taskId: string) => Promise<TenantId | null>
  /** The largest file that may be imported. */
  importBytesMax: number
}) {
  const { database, enqueue, openConnector, classifyTickets, classifyNews, baseUrl } = dependencies
  const source = { provider: specificationProvider(baseUrl, dependencies.http), budget: dependencies.budget }
  const run = ingestionRun({ database, source, connection: baseUrl, openConnector, classifyTickets, classifyNews })
  const retry = ingestionRetry({ database, source, openConnector, classifyTickets })
  const importKind = ingestionImport({ database, classifyTickets })
  const start = startRun(enqueue, run)
  return {
    routes: [
      ...tenantIngestionRoutes,
      ...rejectRoutes({ enqueue, retry }),
      ...importRoutes({ database, enqueue, kind: importKind, maxBytes: dependencies.importBytesMax }),
      ...jobRoutes({ ...dependencies, start }),
    ],
    kinds: [run, retry, importKind] as unknown as TaskKind[],
    startRun: start,
    healthChecks: [providerCheck(baseUrl)],
    /** For processes with the role `scheduler`. */
    startScheduler: (logger: Logger) => startScheduler({ database, startRun: start, logger }),
  }
}
