import { recordAudit } from '../../../core/audit/index.ts'
import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { IngestionPayload } from './run-ingestion.ts'
import type { Walk } from './walk.ts'

export type StartRun = (tx: Tx, tenantId: TenantId, startedBy: string) => Promise<{ taskId: string; created: boolean }>

/** Starts a run, or finds the one that is queued or running: a tenant has at most one, decided by one statement. */
export function startRun(enqueue: EnqueueTask, kind: TaskKind<IngestionPayload, Walk>): StartRun {
  return async (tx, tenantId, startedBy) => {
    const run = await enqueue(tx, tenantId, kind, {}, { uniqueKey: 'provider', createdBy: startedBy })
    if (run.created) {
      await recordAudit(tx, { tenantId, actor: startedBy, action: 'ingestion.run', subject: `task:${run.taskId}` })
    }
    return run
  }
}
