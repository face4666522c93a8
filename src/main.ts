import { randomUUID } from 'node:crypto'
import packageJson from '../package.json' with { type: 'json' }
import { queueCheck, startReaper, startWorker } from './core/tasks/index.ts'
import { type Config, ConfigError, loadConfig } from './kernel/config.ts'
import { createLogger, type Logger } from './kernel/logger.ts'
import { type Repetition, repeat } from './kernel/repeat.ts'
import { migrationSets, queues } from './migration-sets.ts'
import { composeModules, explainTakenPort, type Modules, permissions } from './modules.ts'
import { operationsRoutes } from './operations.ts'
import { startEmbeddedPostgres } from './platform/database/embedded/index.ts'
import {
  explainConnectionFailure,
  isCrowded,
  migrate,
  openDatabase,
  UnusableDatabaseError,
} from './platform/database/index.ts'
import {
  forgetOldProcesses,
  HEALTH_CONNECTIONS,
  healthReport,
  openHealthDatabase,
  startHeartbeat,
  workersCheck,
} from './platform/health/index.ts'
import { buildApp, type MountedRoute } from './platform/http/index.ts'
import { installQueue, openQueue } from './platform/queue/index.ts'
import { createMetrics, startTracing } from './platform/telemetry/index.ts'

/** What the others take of DATABASE_POOL_SIZE; four connections only listen. The rest serves. */
const POOL_SHARES = { identity: 2, queue: 2, listeners: 4, health: HEALTH_CONNECTIONS }
/** Everything has to be closed by then: orchestrators kill at 30 s. */
const STOP_WITHIN_SECONDS = 25
const UPKEEP_EVERY_SECONDS = 3_600

export type System = {
  /** Where the API answers, e.g. `http://127.0.0.1:8080`. */
  url: string
  databaseUrl: string
  /** What it serves, as it was declared. */
  routes: readonly MountedRoute[]
  /** Takes no new work, finishes or hands back what runs, closes everything in reverse order. May be called twice. */
  stop(): Promise<void>
}

/**
 * Starts a process of the system in the roles that `config` names. Whatever was opened is closed again when it fails.
 * `onFatal` is told when the process cannot go on (the embedded database died).
 */
export async function startSystem(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void = (error) => {
    throw error
  },
): Promise<System> {
  const opened = new AsyncDisposableStack()
  try {
    return await open({ config, logger, opened, version: packageJson.version }, onFatal)
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** What everything below needs: who we are, and where to register what has to be closed. */
type Opening = { config: Config; logger: Logger; opened: AsyncDisposableStack; version: string }

async function open(opening: Opening, onFatal: (error: Error) => void): Promise<System> {
  const { config, logger, opened } = opening
  const platform = await openPlatform(opening, onFatal).catch((error) => {
    throw explainConnectionFailure(error)
  })
  const modules = await composeModules({ ...opening, ...platform, identityPoolSize: POOL_SHARES.identity })
  let draining = false
  const app = await buildApp({
    logger,
    database: platform.database,
    authenticate: modules.tenancy.authenticate,
    permissions: new Set(Object.keys(permissions)),
    routes: config.SIGNALBOX_ROLES.includes('api') ? modules.routes : [],
    rootRoutes: operationsRoutes({
      ...platform,
      logger,
      checks: [queueCheck, workersCheck, ...modules.healthChecks],
      isDraining: () => draining,
    }),
    isOverloaded: () => [platform.database, modules.tenancy].some((holder) => isCrowded(holder.poolUse())),
    requestsPerMinute: config.REQUESTS_PER_MINUTE,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUST_PROXY,
    version: opening.version,
    onAnswered: platform.metrics.requestAnswered,
  })
  opened.defer(() => app.close())
  await startRoles(opening, platform, modules)

  const url = await app.listen({ host: config.HOST, port: config.PORT }).catch(explainTakenPort('PORT', config.PORT))
  logger.info({ address: url, role: config.SIGNALBOX_ROLES.join(',') }, 'signalbox serves')
  await modules.welcome(url)

  let stopping: Promise<void> | undefined
  return {
    url,
    databaseUrl: platform.databaseUrl,
    routes: app.mountedRoutes,
    stop: () => {
      draining = true
      stopping ??= opened.disposeAsync()
      return stopping
    },
  }
}

type Platform = Awaited<ReturnType<typeof openPlatform>>

/** The technical ground: traces, a migrated database, the queue, metrics. */
async function openPlatform({ config, logger, opened, version }: Opening, onFatal: (error: Error) => void) {
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) {
    const tracing = await startTracing({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, version, logger })
    opened.defer(() => tracing.stop())
  }
  const databaseUrl = config.DATABASE_URL ?? (await openEmbedded(config, logger, opened, onFatal))
  const ownerUrl = config.DATABASE_OWNER_URL ?? databaseUrl
  await migrate({ url: ownerUrl, sets: migrationSets, logger, afterwards: () => installQueue(ownerUrl, queues) })

  const { identity, queue: queuePool, listeners, health } = POOL_SHARES
  const max = config.DATABASE_POOL_SIZE - identity - queuePool - listeners - health
  const database = openDatabase({ url: databaseUrl, max, logger })
  opened.defer(() => database.close())
  const healthDatabase = openHealthDatabase({ url: databaseUrl, logger })
  opened.defer(() => healthDatabase.close())
  const supervise = config.SIGNALBOX_ROLES.includes('scheduler')
  const queue = await openQueue({ url: databaseUrl, logger, supervise, max: queuePool })
  opened.defer(() => queue.stop(1))

  const metrics = createMetrics()
  const { gauge } = metrics
  gauge('signalbox_database_connections', 'Connections of the serving pool', () => database.poolUse().total)
  gauge('signalbox_database_waiting', 'Callers waiting for a connection', () => database.poolUse().waiting)
  const queueReport = healthReport([queueCheck], { database: healthDatabase, logger })
  gauge('signalbox_tasks_waiting', 'Tasks that no worker has taken yet', async () => {
    const { checks } = await queueReport()
    return Number(checks.queue?.waiting ?? Number.NaN)
  })
  return { databaseUrl, database, healthDatabase, queue, metrics }
}

/** Starts what this process does besides answering; what is registered last is stopped first. */
async function startRoles({ config, logger, opened, version }: Opening, platform: Platform, modules: Modules) {
  const { database, healthDatabase, databaseUrl, queue, metrics } = platform
  const owner = `${process.pid}:${randomUUID()}`
  const identity = { processId: owner, roles: config.SIGNALBOX_ROLES, version }
  const heartbeat = await startHeartbeat(healthDatabase, identity, logger)
  opened.defer(() => heartbeat.stop())
  if (config.SIGNALBOX_ROLES.includes('api')) {
    await modules.startSignalStream()
    metrics.gauge('signalbox_signal_streams', 'Streams of signals open in this process', modules.openSignalStreams)
  }
  if (config.SIGNALBOX_ROLES.includes('scheduler')) {
    const reaper = startReaper({ database, queue, logger, onLost: metrics.tasksLost })
    opened.defer(() => reaper.stop())
    const upkeep = startUpkeep(logger, () => Promise.all([modules.upkeep(), forgetOldProcesses(database)]))
    opened.defer(() => upkeep.stop())
    for (const scheduler of modules.startSchedulers(logger)) opened.defer(() => scheduler.stop())
  }
  if (!config.SIGNALBOX_ROLES.includes('worker')) return
  const worker = await startWorker({
    database,
    databaseUrl,
    queue,
    logger,
    kinds: modules.kinds,
    owner,
    leaseSeconds: config.TASK_LEASE_SECONDS,
    concurrency: config.TASK_CONCURRENCY,
    concurrencyPerTenant: config.TASK_CONCURRENCY_PER_TENANT,
    onEnded: metrics.taskEnded,
  })
  metrics.gauge('signalbox_tasks_running', 'Tasks running in this process', worker.running)
  const dispatcher = await modules.startDispatcher({
    onEnded: metrics.deliveryAttempted,
    onTransition: metrics.circuitChanged,
  })
  metrics.gauge('signalbox_deliveries_sending', 'Deliveries that this process is sending', dispatcher.sending)
  const stopWorker = async () => {
    await worker.handBack()
    await queue.stop(STOP_WITHIN_SECONDS - 10)
    await worker.close()
  }
  // At the same time: each may take as long as all have.
  opened.defer(async () => void (await Promise.all([stopWorker(), dispatcher.stop()])))
}

async function openEmbedded(
  config: Config,
  logger: Logger,
  opened: AsyncDisposableStack,
  onFatal: (error: Error) => void,
): Promise<string> {
  const postgres = await startEmbeddedPostgres({
    dataDir: config.SIGNALBOX_DATA_DIR,
    logger,
    onUnexpectedExit: onFatal,
  })
  opened.defer(() => postgres.close())
  return postgres.url
}

/** What nobody waits for: deletes what has been kept long enough. */
function startUpkeep(logger: Logger, work: () => Promise<unknown>): Repetition {
  return repeat({
    everySeconds: UPKEEP_EVERY_SECONDS,
    work: async () => {
      await work()
      return undefined
    },
    onError: (err) => logger.warn({ err, component: 'upkeep' }, 'the hourly upkeep failed'),
  })
}

/** Ctrl-C reaches a watcher and its child, which may hear it from both: within this time it is one wish. */
const SAME_SIGNAL_MS = 1_000

/** Runs until a signal says stop, also while it starts. A second signal, a while later, does not wait. */
async function main(): Promise<void> {
  const config = loadConfig()
  const logger = createLogger({ level: config.LOG_LEVEL })
  const leave = (reason: string) => {
    logger.fatal({ reason }, 'leaving at once')
    process.exit(1)
  }
  const stopAsked = Promise.withResolvers<NodeJS.Signals>()
  let askedAt: number | undefined
  const ask = (signal: NodeJS.Signals) => {
    if (askedAt !== undefined && performance.now() - askedAt > SAME_SIGNAL_MS) leave(`a second ${signal}`)
    if (askedAt !== undefined) return
    askedAt = performance.now()
    logger.info({ signal }, 'stopping')
    setTimeout(() => leave(`not stopped within ${STOP_WITHIN_SECONDS} s`), STOP_WITHIN_SECONDS * 1_000).unref()
    stopAsked.resolve(signal)
  }
  process.on('SIGTERM', ask)
  process.on('SIGINT', ask)
  const system = await startSystem(config, logger, (error) => leave(error.message))
  const signal = await stopAsked.promise
  await system.stop()
  logger.info({ signal }, 'stopped')
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    // A sentence for what the operator can mend, a stack for what only we can.
    const isForOperator = error instanceof ConfigError || error instanceof UnusableDatabaseError
    console.error(isForOperator ? error.message : error)
    process.exitCode = isForOperator ? 2 : 1
  })
}
