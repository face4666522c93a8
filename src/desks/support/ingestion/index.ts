import { auditModule } from '../../../core/audit/index.ts'
import { tasksModule } from '../../../core/tasks/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { outboundBudget } from '../../../platform/resilience/index.ts'
import { connectorsModule, specificationProvider } from '../connectors/index.ts'
import { ticketsModule } from '../tickets/index.ts'
import { importRoutes } from './import/routes.ts'
import { ingestionImport } from './import/run-import.ts'
import { providerCheck } from './provider-check.ts'
import { rejectChangeRoutes } from './reject-changes.ts'
import { rejectRoutes } from './reject-routes.ts'
import { ingestionRetention } from './retention.ts'
import { ingestionRetry } from './retry-reject.ts'
import { jobRoutes } from './routes.ts'
import { ingestionRun } from './run-ingestion.ts'
import { startingDueRuns } from './schedule-runs.ts'
import { type StartRun, startRun } from './start-run.ts'
import { openProgress } from './stream-progress.ts'
import { tenantIngestionRoutes } from './tenant-routes.ts'

export type IngestionApi = { startRun: StartRun }

/** Brings a tenant's tickets in: from the provider, from its connectors, and from files. */
export const ingestionModule = defineModule({
  name: 'desks/support/ingestion',
  migrations: new URL('./migrations/', import.meta.url),
  retention: ingestionRetention,
  permissions: {
    'ingestion.read': 'viewer',
    'ingestion.run': 'agent',
    'ingestion.cancel': 'agent',
    'ingestion.confirm': 'manager',
    'ingestion.schedule': 'manager',
  },
  needs: { audit: auditModule, tasks: tasksModule, tickets: ticketsModule, connectors: connectorsModule },
  open: (ground, { tasks, tickets, connectors }) => {
    const { config, database, providerUrl: baseUrl } = ground
    const budget = outboundBudget({
      database,
      connection: baseUrl,
      limit: config.EXTERNAL_RATE_LIMIT,
      windowSeconds: config.EXTERNAL_RATE_WINDOW_SECONDS,
    })
    // The operator chose this address: unlike a connector's, it may be a private one.
    const http = { fetch, timeoutSeconds: config.EXTERNAL_TIMEOUT_SECONDS }
    const source = { provider: specificationProvider(baseUrl, http), budget }
    const dependencies = { database, source, ...tickets, ...connectors, ...tasks }
    const run = ingestionRun({ ...dependencies, connection: baseUrl })
    const retry = ingestionRetry(dependencies)
    const importKind = ingestionImport(dependencies)
    const start = startRun(tasks.enqueue, run)
    const progress = openProgress(database, ground.logger)
    const maxBytes = config.IMPORT_MEGABYTES_MAX * 1_048_576
    return {
      api: { startRun: start } satisfies IngestionApi,
      routes: [
        ...tenantIngestionRoutes,
        ...rejectRoutes,
        ...rejectChangeRoutes({ ...dependencies, retry }),
        ...importRoutes({ ...dependencies, kind: importKind, maxBytes }),
        ...jobRoutes({ ...dependencies, start, progress }),
      ],
      kinds: [run, retry, importKind],
      schedules: [startingDueRuns({ database, startRun: start, everySeconds: config.SCHEDULER_LOOK_SECONDS })],
      healthChecks: [providerCheck(baseUrl)],
      close: progress.close,
    }
  },
})
