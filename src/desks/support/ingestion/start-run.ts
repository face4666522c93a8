import { recordAudit } from '../../../core/audit/index.ts'
import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { IngestionPayload, RunProgress } from './run.ts'

type NewRun = {
  tenantId: TenantId
  /** Undefined: the provider. */
  connectorId?: string | undefined
  startedBy: string
}

export type StartRun = (tx: Tx, run: NewRun) => Promise<{ taskId: string; created: boolean }>

/**
 * Starts a run, or finds the one that is queued or running: a tenant has at most one for the provider and one for each
 * of its connectors, decided by one statement.
 */
export function startRun(enqueue: EnqueueTask, kind: TaskKind<IngestionPayload, RunProgress>): StartRun {
  return async (tx, { tenantId, connectorId, startedBy }) => {
    const payload = connectorId === undefined ? {} : { connector_id: connectorId }
    const uniqueKey = connectorId === undefined ? 'provider' : `connector:${connectorId}`
    const run = await enqueue(tx, tenantId, kind, payload, { uniqueKey, createdBy: startedBy })
    if (run.created) {
      const subject = `task:${run.taskId}`
      await recordAudit(tx, { tenantId, actor: startedBy, action: 'ingestion.run', subject, details: payload })
    }
    return run
  }
}
