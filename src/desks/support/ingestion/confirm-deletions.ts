import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { markDeleted } from '../tickets/index.ts'
import { ingestionFault } from './faults.ts'
import { forgetMissing, listMissing } from './store.ts'

const ALL = 1_000_000

/**
 * Deletes what a run found gone but left alone because it was so much. A later run forgets what earlier ones found, so
 * only the newest can be confirmed.
 *
 * @throws ingestion.nothing_to_confirm
 */
export async function confirmDeletions(
  tx: Tx,
  { tenantId, jobId, confirmedBy }: { tenantId: TenantId; jobId: string; confirmedBy: string },
): Promise<number> {
  const ids = await listMissing(tx, { jobId, confirmed: true, limit: ALL })
  if (ids.length === 0) {
    throw ingestionFault('ingestion.nothing_to_confirm', {
      public: 'This job has no deletions that wait for confirmation: there were none, or a later run has looked again.',
      internal: 'confirm-deletions without missing tickets',
    })
  }
  const deleted = await markDeleted(tx, ids, jobId)
  await forgetMissing(tx, jobId, ids)
  const details = { deleted }
  await recordAudit(tx, {
    tenantId,
    actor: confirmedBy,
    action: 'ingestion.confirm',
    subject: `task:${jobId}`,
    details,
  })
  return deleted
}
