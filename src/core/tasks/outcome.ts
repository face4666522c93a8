import { Fault } from '../../kernel/faults.ts'
import { backoffSeconds, type RetryPolicy } from '../../platform/resilience/index.ts'

/** What a failed task shows its tenant: never an internal message. */
export type TaskError = { code: string; message: string }

/** Thrown by a handler, or wrapped around a cause: trying again would end the same way. */
export class PermanentFailure extends Error {
  override readonly name = 'PermanentFailure'
  readonly error: TaskError

  constructor(error: TaskError, options?: { cause?: unknown }) {
    super(`${error.code}: ${error.message}`, options)
    this.error = error
  }
}

/** Thrown by a handler: worth another attempt, but not before somebody else wants to be asked again. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater'
  readonly error: TaskError
  readonly afterSeconds: number

  constructor(error: TaskError, afterSeconds = 0) {
    super(`${error.code}: ${error.message}`)
    this.error = error
    this.afterSeconds = afterSeconds
  }
}

/** Why a running handler is told to stop. */
export const STOP_REASONS = ['cancelled', 'lease_lost', 'time_limit', 'shutdown'] as const
export type StopReason = (typeof STOP_REASONS)[number]

/** The reason of the handler's AbortSignal. */
export class TaskStopped extends Error {
  override readonly name = 'TaskStopped'
  readonly why: StopReason

  constructor(why: StopReason) {
    super(`The task was stopped: ${why}`)
    this.why = why
  }
}

export type Outcome =
  | { kind: 'succeeded'; result: unknown }
  | { kind: 'cancelled' }
  | { kind: 'failed'; error: TaskError; errorClass: string }
  | { kind: 'retry'; afterSeconds: number; error: TaskError; errorClass: string }
  /** The process stops: another one goes on, and the attempt does not count. */
  | { kind: 'handed_back' }
  /** Somebody else has the task: nothing may be written. */
  | { kind: 'lost' }

export type Ending = { returned: unknown; stopped: StopReason | null } | { thrown: unknown; stopped: StopReason | null }

/** What becomes of an attempt that has ended. `random`: 0 ≤ random < 1. */
export function decideOutcome(ending: Ending, attempt: number, retry: RetryPolicy, random: number): Outcome {
  if (ending.stopped === 'lease_lost') return { kind: 'lost' }
  if (ending.stopped === 'cancelled') return { kind: 'cancelled' }
  // A handler that finished although it was told to stop has done its work.
  if ('returned' in ending) return { kind: 'succeeded', result: ending.returned }
  if (ending.stopped === 'shutdown') return { kind: 'handed_back' }
  if (ending.stopped === 'time_limit') {
    const error = { code: 'tasks.time_limit', message: 'The task took longer than it may.' }
    return { kind: 'failed', error, errorClass: 'TaskStopped' }
  }
  const errorClass = classOf(ending.thrown)
  if (ending.thrown instanceof PermanentFailure) return { kind: 'failed', error: ending.thrown.error, errorClass }
  const error = describeError(ending.thrown)
  if (attempt >= retry.attemptsMax) return { kind: 'failed', error, errorClass }
  const asked = ending.thrown instanceof RetryLater ? ending.thrown.afterSeconds : 0
  const afterSeconds = Math.max(asked, backoffSeconds(retry, attempt, random))
  return { kind: 'retry', afterSeconds, error, errorClass }
}

/** The name of what was thrown, for whoever looks at the attempts. */
const classOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.constructor.name : typeof thrown)

function describeError(thrown: unknown): TaskError {
  if (thrown instanceof Fault) return { code: thrown.code, message: thrown.public }
  if (thrown instanceof RetryLater) return thrown.error
  return { code: 'tasks.unexpected', message: 'Something broke on our side; the log has the details.' }
}
