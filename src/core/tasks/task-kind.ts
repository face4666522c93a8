import type { z } from 'zod'
import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { RetryPolicy } from '../../platform/resilience/index.ts'

/** What a handler is given for one attempt. */
export type TaskContext<Payload, Progress> = {
  tenantId: TenantId
  taskId: string
  /** What the caller said of it; null of the system's own work. */
  title: string | null
  description: string | null
  payload: Payload
  /** 1 on the first attempt. */
  attempt: number
  /** What the attempts before have written, to go on from; `{}` on the first. */
  progress: Partial<Progress>
  /** Aborted with a `TaskStopped` when the task is cancelled, loses its lease, runs out of time or the process stops. Pass it to every wait. */
  signal: AbortSignal
  log: Logger
  /**
   * Runs `work` in a transaction of the task's tenant that commits only while this attempt holds the lease, together
   * with the progress that `work` returns. Rejects with `TaskStopped('lease_lost')` otherwise: nothing was written.
   */
  write(work: (tx: Tx) => Promise<Progress>): Promise<void>
  /**
   * Adds a line to the task's log, cut at 2,000 characters; what comes after the thousandth is left out. Rejects like `write`.
   */
  say(line: string): Promise<void>
}

/** A kind of background work, declared once. */
export type TaskKind<Payload = unknown, Progress = unknown> = {
  /** `<module>.<verb>`, e.g. `ingestion.run`. */
  name: string
  payload: z.ZodType<Payload>
  retry: RetryPolicy
  /** An attempt that takes longer is stopped and the task fails. */
  timeLimitSeconds: number
  /** Callers may hand over tasks of this kind, with this payload; without it only our own code makes them. */
  offer?: {
    /** What it does, for whoever chooses one. */
    about: string
    /** What a caller has to be permitted besides handing over tasks. */
    permission?: `${string}.${string}`
    /** The same where it depends on the payload. */
    permissionFor?(payload: Payload): `${string}.${string}`
  }
  handle(context: TaskContext<Payload, Progress>): Promise<unknown>
}

/** Declares a kind; the payload and progress types carry over to `enqueue` and to the handler. */
export function defineTaskKind<Payload, Progress = Record<string, unknown>>(
  kind: TaskKind<Payload, Progress>,
): TaskKind<Payload, Progress> {
  return kind
}
