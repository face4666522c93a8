import type { Task } from './store/task.ts'
import type { Attempt, LogLine } from './store/watch.ts'

/** Something that happened to a task. */
export type TaskEvent = {
  at: string
  event: 'created' | 'attempt_ended' | 'log' | 'cancel_requested' | 'ended'
  attempt?: number
  outcome?: string
  seconds?: number
  error_class?: string
  error?: { code: string; message: string }
  text?: string
}

/** What happened to a task, in the order of time, causes before what they led to: made of what is kept of it. */
export function historyOf(task: Task, attempts: readonly Attempt[], lines: readonly LogLine[]): TaskEvent[] {
  const events: TaskEvent[] = [createdEvent(task), ...lines.map(lineEvent), ...attempts.map(attemptEvent)]
  if (task.cancel_requested_at) events.push({ at: task.cancel_requested_at.toISOString(), event: 'cancel_requested' })
  if (task.ended_at) events.push(endedEvent(task))
  // Sorting is stable: of one millisecond, what stands first above comes first.
  return events.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

export const createdEvent = ({ created_at }: Task): TaskEvent => ({ at: created_at.toISOString(), event: 'created' })

export const lineEvent = ({ at, text }: LogLine): TaskEvent => ({ at: at.toISOString(), event: 'log', text })

export const endedEvent = ({ ended_at, status, error }: Task): TaskEvent => ({
  ...{ at: (ended_at ?? new Date()).toISOString(), event: 'ended', outcome: status },
  ...(error === null ? {} : { error }),
})

export const attemptEvent = ({ attempt, outcome, started_at, ended_at, error_class, error }: Attempt): TaskEvent => ({
  ...{ at: ended_at.toISOString(), event: 'attempt_ended', attempt, outcome },
  seconds: (ended_at.getTime() - started_at.getTime()) / 1_000,
  ...(error_class === null ? {} : { error_class }),
  ...(error === null ? {} : { error }),
})
