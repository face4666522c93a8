import { randomUUID } from 'node:crypto'
import type { Config } from './kernel/config.ts'
import type { Logger } from './kernel/logger.ts'
import { migrationSets, permissions, queues, retention } from './modules.ts'
import { startEmbeddedPostgres } from './platform/database/embedded/index.ts'
import { type Database, migrate, openDatabase, openListener } from './platform/database/index.ts'
import { HEALTH_CONNECTIONS, openHealthDatabase } from './platform/health/index.ts'
import type { Ground } from './platform/module/index.ts'
import { openOutbound } from './platform/outbound/index.ts'
import { installQueue, openTransport, type Queue } from './platform/queue/index.ts'
import { keepSecret, sealer } from './platform/sealing/index.ts'
import { createMetrics, startTracing } from './platform/telemetry/index.ts'

/** What the others take of DATABASE_POOL_SIZE; two connections only listen, ours and the queue's. The rest serves. */
const POOL_SHARES = { identity: 2, queue: 2, listeners: 2, health: HEALTH_CONNECTIONS }

/** What everything below needs: who we are, and where to register what has to be closed. */
export type Opening = { config: Config; logger: Logger; opened: AsyncDisposableStack; version: string }

/** What is technical in the ground of the modules. */
export type Platform = Pick<Ground, 'databaseUrl' | 'database' | 'listener' | 'healthDatabase' | 'queue' | 'metrics'>

/**
 * What stands below the modules of a process that serves: traces, a migrated database, the queue, metrics. `onFatal` is told
 * when the embedded database dies.
 */
export async function openPlatform(opening: Opening, onFatal: (error: Error) => void): Promise<Platform> {
  const { config, logger, opened, version } = opening
  if (config.OTEL_EXPORTER_OTLP_ENDPOINT) {
    const tracing = await startTracing({ endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT, version, logger })
    opened.defer(() => tracing.stop())
  }
  const databaseUrl = config.DATABASE_URL ?? (await openEmbedded(config, logger, opened, onFatal))
  const ownerUrl = config.DATABASE_OWNER_URL ?? databaseUrl
  await migrate({ url: ownerUrl, sets: migrationSets, logger, afterwards: () => installQueue(ownerUrl, queues) })
  return connectPlatform({ ...opening, databaseUrl }, openTransport)
}

/** The same on a database that others migrate, with the transport that `transport` opens. */
export async function connectPlatform<Transport extends Queue>(
  { config, logger, opened, databaseUrl }: Opening & { databaseUrl: string },
  transport: (config: Config, ground: Parameters<typeof openTransport>[1]) => Promise<Transport>,
): Promise<Platform & { queue: Transport }> {
  const { identity, queue: queuePool, listeners, health } = POOL_SHARES
  const max = config.DATABASE_POOL_SIZE - identity - queuePool - listeners - health
  const database = openDatabase({ url: databaseUrl, max, logger })
  opened.defer(() => database.close())
  const listener = await openListener({ url: databaseUrl, logger })
  opened.defer(() => listener.close())
  const healthDatabase = openHealthDatabase({ url: databaseUrl, logger })
  opened.defer(() => healthDatabase.close())
  const metrics = createMetrics()
  const queue = await transport(config, { url: databaseUrl, logger, max: queuePool, listener, metrics })
  opened.defer(() => queue.stop(1))

  const { gauge } = metrics
  gauge('signalbox_database_connections', 'Connections of the serving pool', () => database.poolUse().total)
  gauge('signalbox_database_waiting', 'Callers waiting for a connection', () => database.poolUse().waiting)
  return { databaseUrl, database, listener, healthDatabase, queue, metrics }
}

/** What every module stands on. `providerUrl`: of the specification's provider; the mock one without it. */
export async function makeGround(
  { config, logger, opened }: Opening,
  platform: Platform,
  providerUrl = `http://127.0.0.1:${config.MOCK_PROVIDER_PORT}`,
): Promise<Ground> {
  const processId = `${process.pid}:${randomUUID()}`
  return {
    ...{ ...platform, config, logger, processId, permissions, retention, identityPoolSize: POOL_SHARES.identity },
    sealer: sealer({ keys: await sealingKeys(config, platform.database) }),
    openOutbound: (options = {}) => {
      const outbound = openOutbound({ allowedPrivate: config.OUTBOUND_PRIVATE_HOSTS ?? [], ...options })
      opened.defer(() => outbound.close())
      return outbound
    },
    providerUrl,
  }
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

/** The first seals, all of them open: the configured secret may come, change or go without losing what was sealed. */
async function sealingKeys(config: Config, database: Database): Promise<string[]> {
  const kept = await keepSecret(database, 'sealed-credentials')
  const configured = [config.SIGNALBOX_SECRET, config.SIGNALBOX_PREVIOUS_SECRET]
  return [...configured.filter((secret) => secret !== undefined), kept]
}
