import type { RawBuilder } from 'kysely'
import type { SystemTx, Tx } from '../database/index.ts'

/** A named queue. `heartbeatSeconds`: a worker silent for that long loses its job to another (at least 10). */
export type QueueDefinition = { name: string; heartbeatSeconds: number }

/** A job as it is put in: `group` is the tenant whose share of the workers it uses; higher `priority` goes first. */
export type QueueEntry<Data extends object> = {
  data: Data
  group: string
  priority: number
  startAfterSeconds?: number
}

/** Told, in a transaction, that the transport has given up a job: it was handed out too often and never ended. */
export type DeadHandler<Data extends object> = (tx: SystemTx, data: Data) => Promise<void>

/** What a transport has to give; whoever uses a queue knows no more of it. */
export type Queue = {
  /** Adds jobs as part of the caller's transaction: they exist if and only if it commits. */
  add<Data extends object>(tx: Tx | SystemTx, queue: string, entries: readonly QueueEntry<Data>[]): Promise<void>
  /** Works `slots` jobs at once in this process, at most `slotsPerGroup` of one group over all processes. */
  work<Data extends object>(
    queue: string,
    options: { slots: number; slotsPerGroup: number },
    handler: (data: Data) => Promise<void>,
  ): Promise<void>
  /**
   * A condition of SQL, for a transaction across tenants: some job that is not over yet carries this value in this field
   * of its data.
   */
  carries(queue: string, field: string, value: RawBuilder<unknown>): RawBuilder<boolean>
  /** Tells of jobs that the transport has given up, until it is stopped. One that gives none up for good never does. */
  watchDead<Data extends object>(queue: string, handler: DeadHandler<Data>): Promise<void>
  /** Fetches no more jobs of this queue; those under way go on. */
  stopFetching(queue: string): Promise<void>
  /** Takes no new jobs, waits for those under way up to `graceSeconds`, then closes its connections. */
  stop(graceSeconds: number): Promise<void>
}
