import { flushCompileCache } from 'node:module'
import type { FastifyInstance } from 'fastify'
import packageJson from '../package.json' with { type: 'json' }
import { ACCESS_CHANNEL, tenancyModule } from './core/tenancy/index.ts'
import { openDemo } from './demo.ts'
import { ingestionModule } from './desks/support/ingestion/index.ts'
import { slaModule } from './desks/support/sla/index.ts'
import { type Config, ConfigError, loadConfig, PROCESS_ROLES } from './kernel/config.ts'
import { createLogger, type Logger } from './kernel/logger.ts'
import { repeat } from './kernel/repeat.ts'
import { modules, permissions } from './modules.ts'
import { makeGround, type Opening, openPlatform } from './open-ground.ts'
import { operationsRoutes } from './operations.ts'
import { explainConnectionFailure, UnusableDatabaseError } from './platform/database/index.ts'
import { type HealthCheck, reachableCheck, startHeartbeat, workersCheck } from './platform/health/index.ts'
import { buildApp, type MountedRoute } from './platform/http/index.ts'
import { type Ground, type OpenModules, openModules } from './platform/module/index.ts'
import { during, type Metrics, watchEventLoop } from './platform/telemetry/index.ts'
import { startUpkeep } from './platform/upkeep/index.ts'

/** Everything has to be closed by then: orchestrators kill at 30 s. */
const STOP_WITHIN_SECONDS = 25

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

async function open(opening: Opening, onFatal: (error: Error) => void): Promise<System> {
  const { config, logger, opened } = opening
  const platform = await openPlatform(opening, onFatal).catch((error) => {
    throw explainConnectionFailure(error)
  })
  const demo = await openDemo(config).catch(explainTakenPort('MOCK_PROVIDER_PORT', config.MOCK_PROVIDER_PORT))
  if (demo) opened.defer(() => demo.stop())
  const providerUrl = config.EXTERNAL_API_URL ?? demo?.providerUrl
  const ground = await makeGround(opening, platform, providerUrl)
  const open = await openModules(modules, ground, opened)
  const tenancy = open.apiOf(tenancyModule)
  await demo?.fill(tenancy, Object.keys(permissions))
  let draining = false
  const app = await buildApp({
    logger,
    database: platform.database,
    authenticate: tenancy.authenticate,
    permissions: new Set(Object.keys(permissions)),
    routes: config.SIGNALBOX_ROLES.includes('api') ? open.routes : [],
    rootRoutes: operationsRoutes({
      ...platform,
      logger,
      checks: [workersCheck, ...namedDependencies(config, demo?.providerUrl), ...open.healthChecks],
      isDraining: () => draining,
    }),
    requestsPerMinute: config.REQUESTS_PER_MINUTE,
    connections: { max: config.CONNECTIONS_MAX, perAddress: config.CONNECTIONS_PER_ADDRESS },
    streams: {
      events: { max: config.STREAMS_MAX, perTenant: config.STREAMS_PER_TENANT },
      download: { max: config.DOWNLOADS_MAX, perTenant: config.DOWNLOADS_PER_TENANT },
    },
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUST_PROXY,
    version: opening.version,
    onAnswered: platform.metrics.requestAnswered,
  })
  opened.defer(() => app.close())
  measureCallers(app, platform.metrics)
  // Ends what is streamed to whoever may have it no more, at once.
  await platform.listener.listen({
    ...{ channel: ACCESS_CHANNEL, onMessage: app.live.lookAgain, onConnected: app.live.lookAgainAtAll },
  })
  await startRoles(opening, ground, open)

  const url = await app.listen({ host: config.HOST, port: config.PORT }).catch(explainTakenPort('PORT', config.PORT))
  logger.info({ address: url, role: config.SIGNALBOX_ROLES.join(',') }, 'signalbox serves')
  // From now on somebody waits when the loop is held.
  if (config.EVENT_LOOP_HELD_MS > 0) {
    const watch = watchEventLoop({ limitMs: config.EVENT_LOOP_HELD_MS, logger, metrics: platform.metrics })
    opened.defer(() => watch.stop())
  }
  await demo?.welcome(url, platform.database, {
    startRun: open.apiOf(ingestionModule).startRun,
    fillSla: open.apiOf(slaModule).fillDemo,
  })

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

function measureCallers({ connections, live }: FastifyInstance, { gauge }: Metrics): void {
  gauge('signalbox_http_connections', 'Connections of callers', connections.open)
  gauge('signalbox_http_connections_refused', 'Connections not let in since the start', connections.refused)
  gauge('signalbox_streams', 'Streams of events open in this process', () => live.open('events'))
  gauge('signalbox_downloads', 'Files that this process makes while they are read', () => live.open('download'))
}

/** What the configuration names besides the database; a provider that nobody named may not be needed. */
function namedDependencies(config: Config, mockProviderUrl: string | undefined): HealthCheck[] {
  const { SMTP_URL: mail, OTEL_EXPORTER_OTLP_ENDPOINT: collector } = config
  const provider = config.EXTERNAL_API_URL ?? mockProviderUrl
  const queue = config.SIGNALBOX_QUEUE === 'sqs' ? (config.SQS_ENDPOINT ?? config.SQS_QUEUE_URL) : undefined
  return [
    ...(provider ? [{ name: 'provider_address', what: 'the default provider', url: provider }] : []),
    ...(mail ? [{ name: 'mail_server', what: 'the mail server of SMTP_URL', url: mail }] : []),
    ...(queue ? [{ name: 'sqs', what: 'the server of SQS_QUEUE_URL', url: queue }] : []),
    ...(collector ? [{ name: 'trace_collector', what: 'the collector of traces', url: collector }] : []),
  ].map(reachableCheck)
}

/** Starts what this process does besides answering; what is registered last is stopped first. */
async function startRoles({ config, logger, opened, version }: Opening, ground: Ground, open: OpenModules) {
  const kinds = config.SIGNALBOX_ROLES.includes('worker') ? open.kinds.map(({ name }) => name) : []
  const identity = { processId: ground.processId, roles: config.SIGNALBOX_ROLES, version, kinds }
  const heartbeat = await startHeartbeat(ground.healthDatabase, identity, logger)
  opened.defer(() => heartbeat.stop())
  for (const role of PROCESS_ROLES.filter((each) => config.SIGNALBOX_ROLES.includes(each))) {
    await open.start(role)
    if (role === 'scheduler') startSchedules({ logger, opened }, ground, open)
  }
}

function startSchedules(
  { logger, opened }: Pick<Opening, 'logger' | 'opened'>,
  ground: Ground,
  { schedules, upkeep }: OpenModules,
): void {
  for (const { name, everySeconds, work } of schedules) {
    const repetition = repeat({
      ...{ everySeconds, work: (signal) => during(`schedule ${name}`, () => work(signal)) },
      onError: (err) =>
        logger.warn({ err, component: 'scheduler', schedule: name }, 'a scheduled piece of work failed'),
    })
    opened.defer(() => repetition.stop())
  }
  const keeping = startUpkeep({ ...ground, steps: upkeep })
  opened.defer(() => keeping.stop())
}

/** Names the variable to change when somebody else has the port. */
const explainTakenPort = (variable: string, port: number) => (error: unknown) => {
  if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
  throw new ConfigError(`Port ${port} is taken. Stop who has it, or choose another one: ${variable}=${port + 1}`)
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
  // For the next start, also when this process is killed: by itself Node.js writes at its end what it has compiled.
  flushCompileCache()
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
