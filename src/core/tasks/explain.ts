import { assertNever } from '../../kernel/assert-never.ts'
import type { TaskStatus } from './status.ts'

/** What is known of a task and of what it waits for. */
export type TaskFacts = {
  status: TaskStatus
  kind: string
  attempt: number
  attempts_max: number
  error: { code: string; message: string } | null
  run_after: Date
  started_at: Date | null
  ended_at: Date | null
  cancel_requested: boolean
  concurrency_key: string | null
  /** The running task of the same concurrency key. */
  held_by: string | null
  lease_expires_at: Date | null
  /** Tasks of the tenant that run, and that wait with an earlier turn; counted up to a bound. */
  running_of_tenant: number
  ahead: number
  /** Of a kind of the tenant's own: when a worker last asked for it; null: never, or the kind is gone. Absent for kinds of ours. */
  asked_at?: Date | null
}

/** What is known of those who work. */
export type WorkerFacts = {
  workers: number
  /** Of them those that know the kind of the task. */
  knowing: number
  /** Whether the process that has the task has been heard of lately; null when nobody has it. */
  holder_lives: boolean | null
  /** Tasks of a tenant that may run at a time. */
  per_tenant: number
}

export const REASONS = [
  'ended',
  'running',
  'stopping',
  'worker_lost',
  'its_time',
  'retry',
  'no_workers',
  'unknown_kind',
  'nobody_asks',
  'concurrency_key',
  'tenant_limit',
  'its_turn',
] as const
export type Reason = (typeof REASONS)[number]

const at = (time: Date | null) => time?.toISOString() ?? 'an unknown time'
const many = (count: number, one: string) => (count === 1 ? `one ${one}` : `${count} ${one}s`)

/** Why a task is not done yet, in one sentence for whoever waits for it. */
export function explain(task: TaskFacts, workers: WorkerFacts, now: Date): { reason: Reason; sentence: string } {
  const reason = reasonOf(task, workers, now)
  return { reason, sentence: sentenceFor(reason, task, workers) }
}

function reasonOf(task: TaskFacts, workers: WorkerFacts, now: Date): Reason {
  if (task.ended_at !== null) return 'ended'
  if (task.status === 'running') {
    if (isLost(task, workers, now)) return 'worker_lost'
    return task.cancel_requested ? 'stopping' : 'running'
  }
  if (task.run_after > now) return task.status === 'retrying' ? 'retry' : 'its_time'
  const missing = task.asked_at === undefined ? missingOf(workers) : missingOutside(task.asked_at, now)
  if (missing) return missing
  if (task.held_by !== null) return 'concurrency_key'
  // Whoever works outside has places of their own.
  if (task.asked_at !== undefined) return 'its_turn'
  return task.running_of_tenant >= workers.per_tenant ? 'tenant_limit' : 'its_turn'
}

const missingOf = ({ workers, knowing }: WorkerFacts): Reason | null =>
  workers === 0 ? 'no_workers' : knowing === 0 ? 'unknown_kind' : null

/** A worker that waits for tasks asks again within half a minute. */
const ASKS_WITHIN_SECONDS = 60

const missingOutside = (askedAt: Date | null, now: Date): Reason | null =>
  askedAt === null || now.getTime() - askedAt.getTime() > ASKS_WITHIN_SECONDS * 1_000 ? 'nobody_asks' : null

/** Of somebody outside nothing is known but the lease. */
const isLost = (task: TaskFacts, workers: WorkerFacts, now: Date) =>
  task.asked_at === undefined
    ? workers.holder_lives === false
    : task.lease_expires_at !== null && task.lease_expires_at <= now

function sentenceFor(reason: Reason, task: TaskFacts, workers: WorkerFacts): string {
  const attempt = `attempt ${task.attempt} of ${task.attempts_max}`
  switch (reason) {
    case 'ended':
      return `It is over: ${task.status} at ${at(task.ended_at)}${task.error ? `, because: ${task.error.message}` : '.'}`
    case 'running':
      return `It runs, in ${attempt}, since ${at(task.started_at)}.`
    case 'stopping':
      return 'It runs and was asked to stop; it is cancelled when its handler has stopped.'
    case 'worker_lost':
      return `The worker that had it, in ${attempt}, is gone: its lease ends at ${at(task.lease_expires_at)}, and then another one takes it.`
    case 'its_time':
      return `It waits for its time, ${at(task.run_after)}.`
    case 'retry':
      return `It is tried again at ${at(task.run_after)}, because ${attempt} failed: ${task.error?.message ?? 'for a reason that was not kept'}`
    case 'no_workers':
      return 'No worker is running: start a process with the role worker.'
    case 'unknown_kind':
      return `None of the ${many(workers.workers, 'worker')} that run knows the kind ${task.kind}.`
    case 'nobody_asks':
      return `No worker asks for tasks of the kind ${task.kind}: one that waits on POST /worker/lease with this kind takes it. The last one asked ${task.asked_at ? `at ${at(task.asked_at)}` : 'never'}.`
    case 'concurrency_key':
      return `It waits for task ${task.held_by}, which runs with the same concurrency key, ${task.concurrency_key}.`
    case 'tenant_limit':
      return `Its tenant has ${many(task.running_of_tenant, 'task')} running, and no more than ${workers.per_tenant} may at a time; ${many(task.ahead, 'task')} of it wait before this one.`
    case 'its_turn':
      return task.ahead === 0
        ? 'It is next: a worker takes it as soon as one is free.'
        : `It waits for its turn: ${many(task.ahead, 'task')} of its tenant wait before it.`
    default:
      return assertNever(reason)
  }
}
