import { abortable, sleep } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Database, Tx } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { inSpan } from '../../platform/telemetry/index.ts'
import type { Dispatch } from './enqueue-task.ts'
import { holdLease } from './hold-lease.ts'
import { bytesOf, PAYLOAD_BYTES_MAX } from './offer.ts'
import { decideOutcome, type Ending, type Outcome, PermanentFailure, type StopReason, TaskStopped } from './outcome.ts'
import { settle } from './settle.ts'
import { type Claim, claimTask, writeLogLine, writeProgress } from './store/claim.ts'
import type { Task } from './store/task.ts'
import type { TaskContext, TaskKind } from './task-kind.ts'

/** How long a handler that was told to stop may take before its slot is given away. What it still writes is refused. */
export const STOP_GRACE_SECONDS = 10

export type RunTaskDependencies = {
  database: Database
  queue: Queue
  logger: Logger
  kinds: ReadonlyMap<string, TaskKind>
  /** Names this process in leases. */
  owner: string
  leaseSeconds: number
  running: RunningTasks
  /** `waitedSeconds`: for how long it had been due. */
  onStarted?: ((started: { kind: string; waitedSeconds: number }) => void) | undefined
  onEnded?: ((ended: { kind: string; outcome: Outcome['kind']; seconds: number }) => void) | undefined
}

/** The tasks that run in this process, by id, with the means to stop them. */
export type RunningTasks = {
  byId: Map<string, { stop: (why: StopReason) => void; refresh: () => Promise<void> }>
  /** The process stops: a task that was claimed just now is handed back at once. */
  stopping: boolean
  /** Cancels that came for tasks that do not run here, or not yet: the last few. */
  cancelledBefore: Set<string>
}

/** Claims one task, runs its handler under a lease, and records how it ended. Does nothing when it cannot be claimed. */
export async function runTask(dependencies: RunTaskDependencies, { tenantId, taskId }: Dispatch): Promise<void> {
  const { database, owner, leaseSeconds, kinds } = dependencies
  const task = await database
    .withTenant(tenantId, (tx) => claimTask(tx, { taskId, owner, leaseSeconds, kinds: [...kinds.keys()] }))
    .catch(unlessTaken)
  const kind = task && kinds.get(task.kind)
  if (!kind) return
  const claim: Claim = { taskId, owner, fencing: task.fencing }
  const bindings = { tenant_id: tenantId, task_id: taskId, task_kind: task.kind, attempt: task.attempt }
  const log = dependencies.logger.child(bindings)
  const started = performance.now()
  log.info({ fencing: claim.fencing }, 'task claimed')
  dependencies.onStarted?.({ kind: task.kind, waitedSeconds: task.waited_seconds })

  const attributes = { 'signalbox.task_id': taskId, 'signalbox.attempt': task.attempt }
  const ending = await inSpan(`task ${kind.name}`, attributes, () =>
    runHandler(dependencies, kind, { task, claim, log, tenantId }),
  )
  const outcome = decideOutcome(ending, task.attempt, kind.retry, Math.random())
  if ('thrown' in ending && ending.stopped === null) log.warn({ err: ending.thrown }, 'task attempt failed')
  await record(dependencies, { tenantId, claim, outcome, log })
  dependencies.onEnded?.({ kind: task.kind, outcome: outcome.kind, seconds: (performance.now() - started) / 1_000 })
}

/** Another task of its concurrency key was claimed in the same moment: whoever ends that one tells the workers again. */
const unlessTaken = (error: { constraint?: string }): undefined => {
  if (error.constraint !== 'tasks_one_running_per_concurrency_key') throw error
}

type Attempt = {
  task: Task & { payload: unknown }
  claim: Claim
  log: Logger
  tenantId: Dispatch['tenantId']
}

async function runHandler(dependencies: RunTaskDependencies, kind: TaskKind, attempt: Attempt): Promise<Ending> {
  const { database, leaseSeconds, running } = dependencies
  const { task, claim, log, tenantId } = attempt
  const controller = new AbortController()
  const { signal } = controller
  let stopped: StopReason | null = null
  const stop = (why: StopReason) => {
    stopped ??= why
    controller.abort(new TaskStopped(stopped))
  }
  const lease = holdLease({ database, tenantId, claim, leaseSeconds, log, stop })
  running.byId.set(claim.taskId, { stop, refresh: lease.refresh })
  if (running.stopping) stop('shutdown')
  if (running.cancelledBefore.delete(claim.taskId)) stop('cancelled')
  const timeLimit = setTimeout(() => stop('time_limit'), kind.timeLimitSeconds * 1_000)

  /** Does it in a transaction that commits only when it says that the claim holds. */
  const whileHeld = async (work: (tx: Tx) => Promise<boolean>) => {
    signal.throwIfAborted()
    await database.withTenant(tenantId, async (tx) => {
      if (await work(tx)) return
      stop('lease_lost')
      throw new TaskStopped('lease_lost')
    })
  }
  const context: TaskContext<unknown, unknown> = {
    tenantId,
    taskId: task.task_id,
    title: task.title,
    description: task.description,
    payload: task.payload,
    attempt: task.attempt,
    progress: task.progress,
    signal,
    log,
    write: (work: (tx: Tx) => Promise<unknown>) =>
      whileHeld(async (tx) => writeProgress(tx, claim, bounded(await work(tx), 'progress'))),
    say: (line) => whileHeld((tx) => writeLogLine(tx, claim, line)),
  }
  const settled = new AbortController()
  try {
    const payload = kind.payload.parse(task.payload)
    const handling = kind.handle({ ...context, payload })
    const returned = await Promise.race([handling, graceAfter(signal, settled.signal)])
    return { returned: bounded(returned, 'result'), stopped }
  } catch (thrown) {
    return { thrown, stopped }
  } finally {
    settled.abort()
    clearTimeout(timeLimit)
    await lease.release()
    running.byId.delete(claim.taskId)
  }
}

/** What is too large to be kept ends the task: the next attempt would make the same. */
function bounded<Value>(value: Value, what: 'progress' | 'result'): Value {
  const bytes = bytesOf(value)
  if (bytes <= PAYLOAD_BYTES_MAX) return value
  const message = `The ${what} of the task has ${bytes} bytes; ${PAYLOAD_BYTES_MAX} is the most that is kept.`
  throw new PermanentFailure({ code: 'tasks.result_too_large', message })
}

/** Rejects some time after the signal: the answer to a handler that does not listen. */
async function graceAfter(signal: AbortSignal, settled: AbortSignal): Promise<never> {
  await abortable(new Promise<never>(() => {}), signal).catch(() => {})
  await sleep(STOP_GRACE_SECONDS * 1_000, settled)
  throw signal.reason
}

type Record = { tenantId: Dispatch['tenantId']; claim: Claim; outcome: Outcome; log: Logger }

/** Writes the outcome, and in the same transaction tells the workers when the task is to be tried again. */
async function record(dependencies: RunTaskDependencies, { tenantId, claim, outcome, log }: Record): Promise<void> {
  if (outcome.kind === 'lost') {
    log.warn({ fencing: claim.fencing }, 'task was lost to another worker; nothing recorded')
    return
  }
  const { database, queue } = dependencies
  const status = await database.withTenant(tenantId, (tx) => settle(queue, tx, { tenantId, claim, outcome }))
  if (status) log.info({ status }, 'task attempt ended')
  else log.warn({ fencing: claim.fencing }, 'the lease ran out before the outcome was written; the reaper decides')
}
