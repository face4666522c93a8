import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { RunProgress } from './progress.ts'
import type { IngestionPayload } from './run-ingestion.ts'

export type StartRun = (tx: Tx, tenantId: TenantId, startedBy: string) => Promise<{ taskId: string; created: boolean }>

/** Starts a run, or finds the one that is queued or running: a tenant has at most one, decided by one statement. */
export function startRun(enqueue: EnqueueTask, kind: TaskKind<IngestionPayload, RunProgress>): StartRun {
  return (tx, tenantId, startedBy) => enqueue(tx, tenantId, kind, {}, { uniqueKey: 'provider', createdBy: startedBy })
}
