import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { dispatchAll } from './enqueue-task.ts'
import type { Outcome } from './outcome.ts'
import type { TaskStatus } from './status.ts'
import { type Claim, nextOfConcurrencyKey, settleTask } from './store/claim.ts'

/**
 * Ends an attempt while its claim holds, and tells the workers what is to be done next: the same task again, or the one that
 * waited for its concurrency key. Undefined when the claim does not hold.
 */
export async function settle(
  queue: Queue,
  tx: Tx,
  { tenantId, claim, outcome }: { tenantId: TenantId; claim: Claim; outcome: Exclude<Outcome, { kind: 'lost' }> },
): Promise<TaskStatus | undefined> {
  const settled = await settleTask(tx, claim, outcome)
  if (!settled) return undefined
  const { rank, after_seconds: afterSeconds, concurrency_key: key, worked_outside: isOutside } = settled
  const isAgain = settled.status === 'retrying' && !isOutside
  const again = isAgain ? [{ tenantId, taskId: claim.taskId, rank, afterSeconds }] : []
  const next = key === null ? undefined : await nextOfConcurrencyKey(tx, key)
  const waiting = next && next.task_id !== claim.taskId ? [{ tenantId, taskId: next.task_id, rank: next.rank }] : []
  await dispatchAll(queue, tx, [...again, ...waiting])
  return settled.status
}
