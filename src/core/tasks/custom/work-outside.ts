import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import type { Queue } from '../../../platform/queue/index.ts'
import { taskFault } from '../faults.ts'
import { bytesOf, PAYLOAD_BYTES_MAX } from '../offer.ts'
import { decideOutcome, PermanentFailure, RetryLater } from '../outcome.ts'
import { settle } from '../settle.ts'
import type { TaskStatus } from '../status.ts'
import { type Claim, writeLogLine, writeProgress } from '../store/claim.ts'
import { extendOutside, findOutside, type LeasedTask, leaseNext } from '../store/outside.ts'
import type { WaitingWorkers } from './waiting-workers.ts'

/** What a worker says of the task that it has: the fencing number is the proof, good for who leased it. */
export type Held = { tx: Tx; tenantId: TenantId; callerId: string; taskId: string; fencing: number }

const ownerOf = (callerId: string) => `outside:${callerId}`
const claimOf = ({ callerId, taskId, fencing }: Held): Claim => ({ taskId, owner: ownerOf(callerId), fencing })

const leaseLost = () =>
  taskFault('tasks.lease_lost', {
    public:
      'You do not hold this task any more: its lease ran out, it was ended or deleted, or this is not the newest fencing number. Stop working on it.',
    internal: 'a claim from outside does not hold',
  })

/**
 * Leases the next task of these kinds, or waits for one. A caller who left before the answer gives it back, without an attempt.
 *
 * @throws tasks.too_many_waiting
 */
export async function leaseTask(
  { database, queue, workers }: { database: Database; queue: Queue; workers: WaitingWorkers },
  asked: { tenantId: TenantId; callerId: string; kinds: readonly string[]; waitSeconds: number; signal: AbortSignal },
): Promise<LeasedTask | null> {
  const { tenantId, callerId, kinds, signal } = asked
  const owner = ownerOf(callerId)
  const take = () => database.withTenant(tenantId, (tx) => leaseNext(tx, { owner, kinds })).catch(unlessTaken)
  const leased = await workers.wait({ tenantId, seconds: asked.waitSeconds, signal, take })
  if (leased && signal.aborted) {
    const claim = { taskId: leased.task_id, owner, fencing: leased.fencing }
    await database.withTenant(tenantId, (tx) =>
      settle(queue, tx, { tenantId, claim, outcome: { kind: 'handed_back' } }),
    )
    return null
  }
  return leased
}

/** A worker of ours took another task of its concurrency key in the same moment. */
const unlessTaken = (error: { constraint?: string }): undefined => {
  if (error.constraint !== 'tasks_one_running_per_concurrency_key') throw error
}

/**
 * Keeps a task for another lease, and stores what its worker has to say.
 *
 * @throws tasks.lease_lost, tasks.payload_too_large
 */
export async function keepTask(
  held: Held,
  said: { progress?: Record<string, unknown> | undefined; log?: readonly string[] | undefined },
): Promise<{ leaseExpiresAt: Date; cancelRequested: boolean }> {
  const claim = claimOf(held)
  const extended = await extendOutside(held.tx, claim)
  if (!extended) throw leaseLost()
  if (said.progress) {
    demandBytes(said.progress, 'progress')
    if (!(await writeProgress(held.tx, claim, said.progress))) throw leaseLost()
  }
  for (const line of said.log ?? []) if (!(await writeLogLine(held.tx, claim, line))) throw leaseLost()
  return extended
}

/** Ends a task that is done. @throws tasks.lease_lost, tasks.payload_too_large */
export async function completeTask(queue: Queue, held: Held, result: unknown): Promise<TaskStatus> {
  demandBytes(result, 'result')
  return end(queue, held, { kind: 'succeeded', result })
}

/**
 * Ends an attempt that failed: tried again as the kind says, or not before `afterSeconds`, unless the worker says that it is no use.
 *
 * @throws tasks.lease_lost
 */
export async function failTask(
  queue: Queue,
  held: Held,
  failure: { code: string; message: string; isFinal: boolean; afterSeconds: number },
): Promise<TaskStatus> {
  const task = await findOutside(held.tx, held.taskId)
  if (!task) throw leaseLost()
  const error = { code: failure.code, message: failure.message }
  const thrown = failure.isFinal ? new PermanentFailure(error) : new RetryLater(error, failure.afterSeconds)
  const outcome = decideOutcome({ thrown, stopped: null }, task.attempt, task, Math.random())
  if (outcome.kind === 'lost') throw leaseLost()
  return end(queue, held, outcome)
}

async function end(queue: Queue, held: Held, outcome: Parameters<typeof settle>[2]['outcome']): Promise<TaskStatus> {
  const { tx, tenantId } = held
  const status = await settle(queue, tx, { tenantId, claim: claimOf(held), outcome })
  if (!status) throw leaseLost()
  return status
}

function demandBytes(value: unknown, what: string): void {
  const bytes = bytesOf(value)
  if (bytes <= PAYLOAD_BYTES_MAX) return
  throw taskFault('tasks.payload_too_large', {
    public: `The ${what} has ${bytes} bytes as JSON; ${PAYLOAD_BYTES_MAX} is the most. Keep what is large elsewhere and say where it is.`,
    internal: `a ${what} beyond its bound`,
  })
}
