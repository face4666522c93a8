import { LRUCache } from 'lru-cache'
import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { openCopies, type Store } from '../../../platform/cache/index.ts'
import type { Database, Listener } from '../../../platform/database/index.ts'
import type { Metrics } from '../../../platform/telemetry/index.ts'
import { TASKS_CHANNEL } from '../live/task-news.ts'
import { type ChangedTask, findChangedTask, watchTask } from '../store/changes.ts'
import { etagOf, presentTask, type ShownTask } from '../task-view.ts'

/** What the seed's exercise asks for. */
export const COPIES_KEPT_SECONDS = 300
/** Whoever changes a task tells of it for as long as a copy may live, and then some: one that is asked for again is not watched anew. */
const WATCH_SECONDS = 900
const WATCHED_STILL_SECONDS = COPIES_KEPT_SECONDS + 60
/** Larger ones are read from the database each time. */
const COPIED_CHARACTERS_MAX = 65_536
/** Of tasks that were asked for once, so many are remembered for so long. */
const LOOKED_AT = { max: 10_000, ttl: 60_000 }
/** Longer than a request takes to commit, and its notification to arrive. */
const WRITTEN = { max: 10_000, ttl: 10_000 }

/** A task as it is shown, and who made it: whether a caller may see it is decided for each anew. */
export type TaskCopy = { created_by: string; etag: string; view: ShownTask }

export type TaskCopies = ReturnType<typeof openTaskCopies>

type Dependencies = { database: Database; logger: Logger; metrics: Metrics; store: Store }

/**
 * Copies of tasks as `GET /tasks/{id}` shows them. One is made when a task is asked for a second time within a minute: it has
 * to be watched from then on, so that each change of it tells every process. Running tasks have none: they change with every
 * step, and each change that tells costs more than a copy saves.
 */
export function openTaskCopies({ database, logger, metrics, store }: Dependencies) {
  const lookedAt = new LRUCache<string, true>(LOOKED_AT)
  /** By callers of this process, just now: they see what they wrote, though its notification has not come yet. */
  const written = new LRUCache<string, true>(WRITTEN)
  const reads = metrics.counter(
    'signalbox_task_cache_reads_total',
    'Tasks that were asked for, by what the cache had',
    ['result'],
  )
  const invalidations = metrics.counter(
    'signalbox_task_cache_invalidations_total',
    'Changes of tasks that the cache was told of',
  )
  for (const result of ['hit', 'miss', 'failed']) reads.inc({ result }, 0)
  const copies = openCopies({
    ...{ store, logger },
    onEvent: (event) => (event === 'invalidated' ? invalidations.inc() : reads.inc({ result: event })),
  })

  /** The task, watched before it was read where a copy is to be made of it. */
  const load = async (tenantId: TenantId, taskId: string) => {
    const read = await database.readTenant(tenantId, (tx) => findChangedTask(tx, taskId))
    if (!read || read.status === 'running') return read && { task: read }
    if (read.watched_seconds >= WATCHED_STILL_SECONDS) return { task: read, text: textOf(read) }
    const watched = await database.withTenant(tenantId, (tx) => watchTask(tx, taskId, WATCH_SECONDS))
    return watched && watched.status !== 'running' ? { task: watched, text: textOf(watched) } : { task: read }
  }

  return {
    /** The task as it is shown; undefined: ask the database. */
    find: async (tenantId: TenantId, taskId: string): Promise<TaskCopy | undefined> => {
      const key = `${tenantId} ${taskId}`
      const isFirst = !lookedAt.has(key)
      lookedAt.set(key, true)
      if (isFirst || written.has(key) || written.has(tenantId)) {
        reads.inc({ result: 'miss' })
        return undefined
      }
      const found = await copies.read(key, () => load(tenantId, taskId))
      if (!found) return undefined
      return 'task' in found ? copyOf(found.task) : (JSON.parse(found.text) as TaskCopy)
    },
    /** A caller changes this task, or many of the tenant's. */
    writing: (tenantId: TenantId, taskId?: string): void =>
      void written.set(taskId === undefined ? tenantId : `${tenantId} ${taskId}`, true),
    /** Hears of changes until stopped. */
    start: async (listener: Listener) => {
      const listening = await listener.listen({
        channel: TASKS_CHANNEL,
        onMessage: (key) => void copies.changed(key),
        ...{ onConnected: copies.listening, onLost: copies.deaf },
      })
      return {
        gauges: [
          {
            name: 'signalbox_task_cache_entries',
            help: 'Copies of tasks in this process',
            read: () => store.size() ?? 0,
          },
        ],
        stop: async () => {
          copies.deaf()
          await listening.close()
        },
      }
    },
    close: copies.close,
  }
}

const copyOf = (task: ChangedTask): TaskCopy => ({
  ...{ created_by: task.created_by, etag: etagOf(task), view: presentTask(task) },
})

function textOf(task: ChangedTask): string | undefined {
  const text = JSON.stringify(copyOf(task))
  return text.length <= COPIED_CHARACTERS_MAX ? text : undefined
}
