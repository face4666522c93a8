import { auditModule, auditPermissions } from './core/audit/index.ts'
import { channelPermissions, channelsModule } from './core/channels/index.ts'
import {
  type DispatcherOptions,
  deliveriesModule,
  deliveryPermissions,
  forgetCircuits,
  giveUpOldDeliveries,
  startDispatcher,
} from './core/deliveries/index.ts'
import { signalPermissions, signalsModule } from './core/signals/index.ts'
import { listTasks, taskPermissions, tasksModule, tenantOfTask } from './core/tasks/index.ts'
import { tenancyModule, tenancyPermissions } from './core/tenancy/index.ts'
import { startDemo } from './demo.ts'
import { analyticsPermissions, analyticsRoutes } from './desks/support/analytics/index.ts'
import {
  classificationPermissions,
  classificationRoutes,
  openClassifier,
} from './desks/support/classification/index.ts'
import { connectorPermissions, connectorsModule } from './desks/support/connectors/index.ts'
import { forgetOldUploads, ingestionModule, ingestionPermissions } from './desks/support/ingestion/index.ts'
import { ticketPermissions, ticketsModule } from './desks/support/tickets/index.ts'
import { type Config, ConfigError } from './kernel/config.ts'
import type { Logger } from './kernel/logger.ts'
import type { Database } from './platform/database/index.ts'
import { forgetOldKeys } from './platform/http/index.ts'
import { openOutbound } from './platform/outbound/index.ts'
import type { Queue } from './platform/queue/index.ts'
import { outboundBudget } from './platform/resilience/index.ts'
import { keepSecret, sealer } from './platform/sealing/index.ts'

/** All permissions of all modules, with the least role that has each. */
export const permissions = {
  ...tenancyPermissions,
  ...auditPermissions,
  ...taskPermissions,
  ...signalPermissions,
  ...channelPermissions,
  ...deliveryPermissions,
  ...classificationPermissions,
  ...ticketPermissions,
  ...analyticsPermissions,
  ...connectorPermissions,
  ...ingestionPermissions,
}

/** What the modules stand on. */
export type Ground = {
  config: Config
  logger: Logger
  /** Closed in reverse order. */
  opened: AsyncDisposableStack
  databaseUrl: string
  database: Database
  queue: Queue
  /** Connections that sign-in takes for itself. */
  identityPoolSize: number
}

export type Modules = Awaited<ReturnType<typeof composeModules>>

/** The modules, each given what it needs of the others; and the demo, which uses them like a caller. */
export async function composeModules(ground: Ground) {
  const { config, logger, opened, databaseUrl, database, queue } = ground
  const tenancy = await tenancyModule({
    database,
    databaseUrl,
    logger,
    permissions,
    adminToken: config.SIGNALBOX_ADMIN_TOKEN,
    secret: config.SIGNALBOX_SECRET,
    publicUrl: config.SIGNALBOX_PUBLIC_URL,
    corsOrigins: config.CORS_ORIGINS,
    identityPoolSize: ground.identityPoolSize,
  })
  opened.defer(() => tenancy.close())
  const wantsDemo = config.SIGNALBOX_DEMO && config.SIGNALBOX_ROLES.includes('api')
  const demo = wantsDemo
    ? await startDemo(config, tenancy.api, Object.keys(permissions)).catch(
        explainTakenPort('MOCK_PROVIDER_PORT', config.MOCK_PROVIDER_PORT),
      )
    : undefined
  if (demo) opened.defer(() => demo.stop())
  const tasks = tasksModule({ database, queue })
  const signals = signalsModule({ database, databaseUrl, logger })
  opened.defer(() => signals.close())
  const baseUrl = config.EXTERNAL_API_URL ?? demo?.providerUrl ?? `http://127.0.0.1:${config.MOCK_PROVIDER_PORT}`
  const outbound = openOutbound({ allowedPrivate: config.OUTBOUND_PRIVATE_HOSTS ?? [] })
  opened.defer(() => outbound.close())
  const timeoutSeconds = config.EXTERNAL_TIMEOUT_SECONDS
  const keeper = sealer({ keys: await sealingKeys(config, database) })
  const channelsOutbound = openOutbound({
    allowedPrivate: config.OUTBOUND_PRIVATE_HOSTS ?? [],
    // Channels of many tenants lead to one origin, as all of Slack's do: a slow one must not hold up the others.
    socketsPerOrigin: 64,
  })
  opened.defer(() => channelsOutbound.close())
  const channels = channelsModule({
    ...{ database, sealer: keeper, outbound: channelsOutbound, logger },
    ...{ notifyUrl: baseUrl, smtp: smtpOf(config) },
  })
  const connectors = connectorsModule({
    database,
    sealer: keeper,
    http: { fetch: outbound.fetch, timeoutSeconds },
  })
  const deliveries = deliveriesModule({ database })
  const classifier = openClassifier(database, logger)
  const tickets = ticketsModule({ database, classifier, enqueue: tasks.enqueue })
  const ingestion = ingestionModule({
    database,
    classifyTickets: tickets.classifyTickets,
    classifyNews: tickets.classifyNews,
    baseUrl,
    // The operator chose this address: unlike a connector's, it may be a private one.
    http: { fetch, timeoutSeconds },
    openConnector: connectors.openConnector,
    importBytesMax: config.IMPORT_MEGABYTES_MAX * 1_048_576,
    budget: outboundBudget({
      database,
      connection: baseUrl,
      limit: config.EXTERNAL_RATE_LIMIT,
      windowSeconds: config.EXTERNAL_RATE_WINDOW_SECONDS,
    }),
    enqueue: tasks.enqueue,
    tenantOfTask: tenantOfTask(database),
  })
  return {
    tenancy,
    routes: [
      ...tenancy.routes,
      ...auditModule().routes,
      ...tasks.routes,
      ...signals.routes,
      ...channels.routes,
      ...deliveries.routes,
      ...connectors.routes,
      ...ingestion.routes,
      ...classificationRoutes(classifier, tickets.startReclassification),
      ...tickets.routes,
      ...analyticsRoutes,
    ],
    startDispatcher: (watch: Pick<DispatcherOptions, 'onEnded' | 'onTransition'>) =>
      startDispatcher({ database, databaseUrl, breaker: deliveries.breaker, send: channels.send, logger, ...watch }),
    healthChecks: [...ingestion.healthChecks, ...deliveries.healthChecks],
    kinds: [...ingestion.kinds, ...tickets.kinds],
    startSignalStream: signals.startStream,
    openSignalStreams: signals.openStreams,
    startSchedulers: (logger: Logger) => [ingestion.startScheduler(logger), tickets.startScheduler(logger)],
    /** What has been kept long enough is deleted. */
    upkeep: async () => {
      await database.acrossTenants('old idempotency keys of all tenants are forgotten', forgetOldKeys)
      await database.acrossTenants('uploads that no job reads any more are forgotten', forgetOldUploads)
      await database.acrossTenants('deliveries of all tenants grow old', giveUpOldDeliveries)
      await database.acrossTenants('the circuits of channels that are gone are forgotten', forgetCircuits)
      await tenancy.api.forgetExpiredSessions()
    },
    welcome: async (url: string) =>
      demo?.welcome(url, database, async (tx, tenantId) => {
        const [earlier] = await listTasks(tx, { limit: 1 })
        if (!earlier) await ingestion.startRun(tx, { tenantId, startedBy: 'demo' })
      }),
  }
}

/** The first seals, all of them open: the configured secret may come, change or go without losing what was sealed. */
async function sealingKeys(config: Config, database: Database): Promise<string[]> {
  const kept = await keepSecret(database, 'sealed-credentials')
  const configured = [config.SIGNALBOX_SECRET, config.SIGNALBOX_PREVIOUS_SECRET]
  return [...configured.filter((secret) => secret !== undefined), kept]
}

/** The mail server and the sender: one without the other would look set up and send nothing. */
function smtpOf({ SMTP_URL: url, MAIL_FROM: from }: Config): { url: string; from: string } | undefined {
  if (url !== undefined && from !== undefined) return { url, from }
  if (url === undefined && from === undefined) return undefined
  throw new ConfigError('SMTP_URL and MAIL_FROM must be set together, or neither')
}

/** Names the variable to change when somebody else has the port. */
export const explainTakenPort = (variable: string, port: number) => (error: unknown) => {
  if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
  throw new ConfigError(`Port ${port} is taken. Stop who has it, or choose another one: ${variable}=${port + 1}`)
}
