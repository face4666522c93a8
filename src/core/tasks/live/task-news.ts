import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { tenantId as asTenantId, type TenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Listener, Tx } from '../../../platform/database/index.ts'
import { type ChangeEvent, type Changes, type LiveEvent, openChangeHub } from '../../../platform/http/index.ts'
import { attemptEvent, createdEvent, endedEvent, lineEvent, type TaskEvent } from '../history.ts'
import { isEnded } from '../status.ts'
import { type ChangedTask, findChangedTask, listHappenings, watchTask } from '../store/changes.ts'
import { presentListed, withinListed } from '../task-view.ts'

/** Told of every change of a task that somebody watches: `<tenant> <task>`. */
export const TASKS_CHANNEL = 'signalbox_tasks'
/** A listening connection that died without a word is noticed only by its silence. */
const LOOK_ANYWAY_EVERY_MS = 60_000
/** Renewed when less than the second is left. */
const WATCH_SECONDS = 600
const WATCHED_STILL_SECONDS = 180
/** Somebody was changing the task in the moment in which it was to be watched. */
const TRY_AGAIN_MS = 1_000
/** What a handler says many times within this is told at once. */
const REST_MS = 50
/** Before everything that happened to a task. */
export const FROM_THE_BEGINNING = -1

type TaskKey = `${string} ${string}`
const keyOf = (tenantId: string, taskId: string): TaskKey => `${tenantId} ${taskId}`
const partsOf = (key: TaskKey): [TenantId, string] => {
  const [tenant = '', taskId = ''] = key.split(' ')
  return [asTenantId(tenant), taskId]
}

export type TaskNews = ReturnType<typeof openTaskNews>

/**
 * Tells whoever follows a task what happens to it, until it has ended: lines of its log, attempts that ended, and how it is
 * (`state`) each time that changes. What came before is told first.
 */
export function openTaskNews({ database, logger }: { database: Database; logger: Logger }) {
  const closing = new AbortController()
  const lookAgain = (key: TaskKey) =>
    void sleep(TRY_AGAIN_MS, closing.signal).then(
      () => hub.wake(key),
      () => {},
    )
  const hub = openChangeHub<TaskKey>({
    ...{ logger, restMs: REST_MS },
    read: async (key, after, limit) => {
      const [tenantId, taskId] = partsOf(key)
      const read = () => database.readTenant(tenantId, (tx) => readNews(tx, taskId, { after, limit }))
      const { watchedSeconds, ...news } = await read()
      if (news.last || watchedSeconds >= WATCHED_STILL_SECONDS) return news
      const watched = await database.withTenant(tenantId, (tx) => watchTask(tx, taskId, WATCH_SECONDS))
      if (!watched) lookAgain(key)
      // What changed before it was watched, nobody told.
      return read()
    },
  })
  return {
    follow: (tenantId: TenantId, taskId: string, after: number) => hub.subscribe(keyOf(tenantId, taskId), after),
    close: () => {
      closing.abort()
      return hub.close()
    },
    /** Hears of changes until stopped. */
    start: async (listener: Listener) => {
      const looking = setInterval(hub.wakeAll, LOOK_ANYWAY_EVERY_MS)
      const listening = await listener.listen({
        channel: TASKS_CHANNEL,
        onMessage: (key) => hub.wake(key as TaskKey),
        onConnected: hub.wakeAll,
      })
      return {
        stop: async () => {
          clearInterval(looking)
          await listening.close()
        },
      }
    },
  }
}

type News = Changes & { watchedSeconds: number }

/** What happened to a task after a change, a page of it. */
async function readNews(tx: Tx, taskId: string, { after, limit }: { after: number; limit: number }): Promise<News> {
  const task = await findChangedTask(tx, taskId)
  if (!task) return { events: [], isAll: true, last: deletedEvent(), watchedSeconds: 0 }
  const watchedSeconds = task.watched_seconds
  // No further than the task that was read: what came since is told with how the task is then.
  const happenings = await listHappenings(tx, taskId, { after, upTo: task.change, limit })
  const events = happenings.map((happening) =>
    asEvent(happening, 'line' in happening ? lineEvent(happening.line) : attemptEvent(happening.attempt)),
  )
  if (after === FROM_THE_BEGINNING) events.unshift(asEvent({ change: 0 }, createdEvent(task)))
  if (happenings.length === limit) return { events, isAll: false, watchedSeconds }
  if (isEnded(task.status)) return { events, isAll: true, last: asEvent(task, endedEvent(task)), watchedSeconds }
  if (task.state_change > after) events.push(stateEvent(task))
  return { events: events.toSorted((a, b) => a.change - b.change), isAll: true, watchedSeconds }
}

const deletedEvent = (): LiveEvent => ({
  ...{ event: 'ended', data: JSON.stringify({ at: new Date().toISOString(), outcome: 'deleted' }) },
})

const asEvent = ({ change }: { change: number }, { event, ...told }: TaskEvent): ChangeEvent => ({
  ...{ change, id: String(change), event, data: JSON.stringify(told) },
})

const stateEvent = (task: ChangedTask): ChangeEvent => ({
  ...{ change: task.state_change, id: String(task.state_change), event: 'state' },
  data: JSON.stringify(presentListed(withinListed(task))),
})
