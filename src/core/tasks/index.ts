import { openMemoryStore, openRedisStore } from '../../platform/cache/index.ts'
import { healthReport } from '../../platform/health/index.ts'
import { defineModule, type Ground, type Work } from '../../platform/module/index.ts'
import type { Metrics } from '../../platform/telemetry/index.ts'
import { auditModule } from '../audit/index.ts'
import { tenancyModule } from '../tenancy/index.ts'
import { beforeWriting } from './copies/before-writing.ts'
import { COPIES_KEPT_SECONDS, openTaskCopies, type TaskCopies } from './copies/task-copies.ts'
import { demandOwnNames } from './custom/custom-kinds.ts'
import { openWaitingWorkers, type WaitingWorkers } from './custom/waiting-workers.ts'
import { type EnqueueTask, enqueueTaskWith, TASK_QUEUE } from './enqueue-task.ts'
import { demoFail, demoProgress, demoSleep } from './kinds/demo.ts'
import { noteProcess } from './kinds/note.ts'
import { openTaskNews, type TaskNews } from './live/task-news.ts'
import { offeredKinds } from './offer.ts'
import { measureDepths } from './operator/measure-depths.ts'
import { operatorRoutes } from './operator/routes.ts'
import { queueCheck } from './queue-check.ts'
import { endGivenUpTasks, startReaper } from './reap-lost-tasks.ts'
import { actRoutes } from './routes/act.ts'
import { customKindRoutes } from './routes/custom-kinds.ts'
import { handOverRoutes } from './routes/hand-over.ts'
import { lookRoutes } from './routes/look.ts'
import { watchRoutes } from './routes/watch.ts'
import { workOutsideRoutes } from './routes/work-outside.ts'
import { startWorker } from './start-worker.ts'
import type { TaskKind } from './task-kind.ts'
import { tenantOfTask } from './tenant-of-task.ts'

export { cancelTask } from './cancel-task.ts'
export { addTasks, type Dispatch, type EnqueueTask } from './enqueue-task.ts'
export { type Executor, taskExecutor } from './executor.ts'
export { taskNotFound } from './faults.ts'
export { PermanentFailure, RetryLater, TaskStopped } from './outcome.ts'
export { endGivenUpTasks, redispatchForgottenTasks, startReaper } from './reap-lost-tasks.ts'
export { STOP_GRACE_SECONDS } from './run-task.ts'
export { hearCancels, startWorker, type Worker, type WorkerOptions } from './start-worker.ts'
export { isEnded, TASK_STATUSES, type TaskStatus } from './status.ts'
export { listPage } from './store/list.ts'
export {
  addToProgress,
  advanceProgress,
  insistOnTask,
  listRunningTasks,
  lockRunningTask,
  type RunningTask,
  saveProgress,
} from './store/running.ts'
export { findLastTask, findTask, listTasks, type Task } from './store/task.ts'
export { defineTaskKind, type TaskContext, type TaskKind } from './task-kind.ts'
export { presentListed, TaskListed } from './task-view.ts'
export { demandSeen } from './whose.ts'

export type TasksApi = {
  /** Joins the caller's transaction. */
  enqueue: EnqueueTask
  /** For routes that name a task: whose it is; null when there is none. */
  tenantOfTask: ReturnType<typeof tenantOfTask>
}

/** Attempts take milliseconds or hours. */
const ATTEMPT_SECONDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200]
/** A free worker takes a task within milliseconds. */
const START_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300]
/** The queue's own end, after its handlers were told to stop: within the time in which a process has to end. */
const QUEUE_STOPS_WITHIN_SECONDS = 15

/** Durable background work: worked by processes with the role `worker`, freed from dead ones by those with `scheduler`. */
export const tasksModule = defineModule({
  name: 'core/tasks',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: {
    'task.use': 'viewer',
    'task.read': 'viewer',
    'task.create': 'agent',
    'task.cancel': 'agent',
    'task.manage': 'manager',
    'worker.run': 'agent',
    'worker.register': 'manager',
  },
  needs: { tenancy: tenancyModule, audit: auditModule },
  retention: {
    tasks: {
      becomes: 'removed',
      what: 'tasks that have ended, and with them the logs of ingestion jobs',
      why: 'A quarter shows how runs have gone; what they did stands in the tickets’ history.',
      days: 90,
      since: 'ended_at',
      when: `status in ('succeeded', 'failed', 'cancelled')`,
      // A task may have a thousand lines of log.
      rowsAtOnce: 100,
      scope: { of: 'tenant', least: 7, most: 730, id: 'task_id', found: 'id' },
    },
    task_attempts: {
      becomes: 'removed with',
      table: 'tasks',
      what: 'attempts at tasks',
      why: 'A foreign key removes them.',
    },
    task_log: {
      becomes: 'removed with',
      table: 'tasks',
      what: 'lines of tasks’ logs',
      why: 'A foreign key removes them.',
    },
    task_kinds: {
      becomes: 'kept',
      what: 'kinds of a tenant’s own',
      why: 'What people have set up; a tenant has a limited number.',
    },
    task_shares: { becomes: 'kept', what: 'tenants’ shares of the workers', why: 'One row for each tenant.' },
  },
  // A worker silent for this long loses its delivery; the lease in the task row decides who may write.
  queues: [{ name: TASK_QUEUE, heartbeatSeconds: 20 }],
  open: (ground) => {
    const { config, database, healthDatabase, queue, logger, metrics } = ground
    // What a probe that hangs does to a scrape is bounded by the report.
    const report = healthReport([queueCheck], { database: healthDatabase, logger })
    const dead = metrics.counter('signalbox_tasks_dead_letters_total', 'Tasks that failed for good, by kind', ['kind'])
    const lost = metrics.counter('signalbox_tasks_lost_total', 'Tasks whose worker went away')
    const news = openTaskNews(ground)
    const store = openCopyStore(ground)
    const copies = store && openTaskCopies({ ...ground, store })
    const workers = openWaitingWorkers(ground)
    return {
      api: { enqueue: enqueueTaskWith(queue), tenantOfTask: tenantOfTask(database) } satisfies TasksApi,
      routes: ({ kinds }) => {
        demandOwnNames(kinds.map(({ name }) => name))
        const offered = new Map(offeredKinds(kinds as readonly TaskKind[]).map((kind) => [kind.name, kind]))
        return [
          ...beforeWriting(copies, handOverRoutes({ queue, kinds: offered })),
          ...lookRoutes({ database, copies }),
          ...operatorRoutes({ transport: config.SIGNALBOX_QUEUE }),
          ...watchRoutes({ database, news, perTenant: config.TASK_CONCURRENCY_PER_TENANT }),
          ...beforeWriting(copies, actRoutes({ database, queue, kinds: offered })),
          ...customKindRoutes(),
          ...beforeWriting(copies, workOutsideRoutes({ database, queue, workers })),
        ]
      },
      kinds: [noteProcess, demoSleep, demoFail, demoProgress],
      healthChecks: [queueCheck],
      gauges: [
        {
          name: 'signalbox_worker_polls',
          help: 'Requests of workers outside that wait for a task here',
          read: workers.count,
        },
        {
          name: 'signalbox_tasks_waiting',
          help: 'Tasks that no worker has taken yet',
          read: async () => Number((await report()).checks.queue?.waiting ?? Number.NaN),
        },
      ],
      starts: {
        api: () => listenToTasks(ground, { news, copies, workers }),
        scheduler: async () => {
          measureDepths(ground)
          await endGivenUpTasks(queue, logger)
          return startReaper({
            ...{ database, queue, logger, everySeconds: config.SCHEDULER_LOOK_SECONDS },
            onLost: (reaped) => {
              lost.inc(reaped.length)
              for (const { kind, status } of reaped) if (status === 'failed') dead.inc({ kind })
            },
          })
        },
        worker: ({ kinds }) => startWorking(ground, kinds, dead),
      },
      close: async () => void (await Promise.all([news.close(), copies?.close()])),
    }
  },
})

/** Where copies of tasks are kept; undefined: nowhere. */
function openCopyStore({ config, logger }: Ground) {
  const keepSeconds = COPIES_KEPT_SECONDS
  if (config.TASK_CACHE_MB === 0) return undefined
  if (config.REDIS_URL !== undefined) return openRedisStore({ url: config.REDIS_URL, keepSeconds, logger })
  return openMemoryStore({ bytesMax: config.TASK_CACHE_MB * 1_048_576, keepSeconds })
}

type Listening = { news: TaskNews; copies: TaskCopies | undefined; workers: WaitingWorkers }

async function listenToTasks({ listener }: Ground, parts: Listening) {
  const [followers, copies, workers] = await Promise.all([
    ...([parts.news.start(listener), parts.copies?.start(listener), parts.workers.start(listener)] as const),
  ])
  return {
    gauges: copies?.gauges ?? [],
    stop: async () => void (await Promise.all([followers.stop(), copies?.stop(), workers.stop()])),
  }
}

async function startWorking(ground: Ground, kinds: readonly Work[], dead: ReturnType<Metrics['counter']>) {
  const { config, queue, metrics } = ground
  const attempts = metrics.histogram(
    'signalbox_task_attempt_seconds',
    'Time of one attempt at a task, by kind and how it ended',
    ['kind', 'outcome'],
    ATTEMPT_SECONDS,
  )
  const starts = metrics.histogram(
    'signalbox_task_start_seconds',
    'Time between when a task was due and when a worker took it, by kind',
    ['kind'],
    START_SECONDS,
  )
  const worker = await startWorker({
    ...ground,
    kinds: kinds as readonly TaskKind[],
    owner: ground.processId,
    leaseSeconds: config.TASK_LEASE_SECONDS,
    concurrency: config.TASK_CONCURRENCY,
    concurrencyPerTenant: config.TASK_CONCURRENCY_PER_TENANT,
    onStarted: ({ kind, waitedSeconds }) => starts.observe({ kind }, waitedSeconds),
    onEnded: ({ kind, outcome, seconds }) => {
      attempts.observe({ kind, outcome }, seconds)
      if (outcome === 'failed') dead.inc({ kind })
    },
  })
  return {
    gauges: [{ name: 'signalbox_tasks_running', help: 'Tasks running in this process', read: worker.running }],
    stop: async () => {
      await worker.handBack()
      await queue.stop(QUEUE_STOPS_WITHIN_SECONDS)
      await worker.close()
    },
  }
}
