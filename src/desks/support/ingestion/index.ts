import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { OutboundBudget } from '../../../platform/resilience/index.ts'
import { httpProvider } from './provider.ts'
import { ingestionRoutes } from './routes.ts'
import { ingestionRun } from './run-ingestion.ts'
import { startRun } from './start-run.ts'

export const ingestionPermissions = {
  'ingestion.read': 'viewer',
  'ingestion.run': 'agent',
  'ingestion.cancel': 'agent',
} as const

/** Brings a tenant's tickets in from the provider at `baseUrl`, page by page. */
export function ingestionModule(dependencies: {
  baseUrl: string
  timeoutSeconds: number
  budget: OutboundBudget
  enqueue: EnqueueTask
  tenantOfTask: (taskId: string) => Promise<TenantId | null>
}) {
  const kind = ingestionRun({ provider: httpProvider(dependencies), budget: dependencies.budget })
  const start = startRun(dependencies.enqueue, kind)
  return {
    routes: ingestionRoutes({ ...dependencies, start, kindName: kind.name }),
    kinds: [kind as TaskKind],
    startRun: start,
  }
}
