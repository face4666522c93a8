import type { Config, ProcessRole } from '../../kernel/config.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Database, Listener } from '../database/index.ts'
import type { HealthCheck } from '../health/index.ts'
import type { Route } from '../http/index.ts'
import type { openOutbound } from '../outbound/index.ts'
import type { Queue, QueueDefinition } from '../queue/index.ts'
import type { Sealer } from '../sealing/index.ts'
import type { Metrics } from '../telemetry/index.ts'
import type { RetentionByTable, UpkeepStep } from '../upkeep/index.ts'

/** What a member may be, from least to most. Each role may do everything that the ones before it may. */
export const MODULE_ROLES = ['viewer', 'agent', 'manager', 'owner'] as const

/** Permissions, `<thing>.<verb>`, and the least role that has each. */
export type Permissions = Readonly<Record<string, (typeof MODULE_ROLES)[number]>>

/** What every module stands on. */
export type Ground = {
  config: Config
  logger: Logger
  /** Names this process among all that run. */
  processId: string
  databaseUrl: string
  database: Database
  /** Hears what the database notifies, on one connection for the process. */
  listener: Listener
  /** Of health checks alone; see `openHealthDatabase`. */
  healthDatabase: Database
  queue: Queue
  metrics: Metrics
  /** Seals what tenants entrust to us; opens what former secrets have sealed. */
  sealer: Sealer
  /** Opens a guarded way out of its own, closed when the system stops. */
  openOutbound(options?: Partial<Parameters<typeof openOutbound>[0]>): ReturnType<typeof openOutbound>
  /** Base address of the specification's provider, which the operator chose. */
  providerUrl: string
  /** Connections that sign-in takes for itself. */
  identityPoolSize: number
  /** Every module's permissions. */
  permissions: Permissions
  /** What every module, and the platform, say of their tables. */
  retention: RetentionByTable
}

/** Background work that a module knows how to do; `core/tasks` gives it its shape. */
export type Work = { readonly name: string }

/** A change that a module knows how to make; `core/actions` gives it its shape. */
export type Deed = { readonly name: string }

/** Repeated while a process with the role `scheduler` lives, in each of them; never twice at once in one. */
export type Schedule = {
  name: string
  everySeconds: number
  /** Answers 'again' to go on without the pause. */
  work(signal: AbortSignal): Promise<undefined | 'again'>
}

/** Read when somebody scrapes. The name begins with `signalbox_`. */
export type GaugeDeclaration = { name: string; help: string; read(): number | Promise<number> }

/** What runs in a process because of its role. */
export type Started = { gauges?: readonly GaugeDeclaration[]; stop(): Promise<void> }

/** What all modules together declare. */
export type Everyone = { kinds: readonly Work[]; actions: readonly Deed[] }

/** What an opened module adds to the system. Everything but `api` may be left out. */
export type Opened<Api> = {
  /** For the modules that need this one, and for the composition root. */
  api: Api
  /** A function of all there is where a route describes what other modules declare. */
  routes?: readonly Route[] | ((everyone: Everyone) => readonly Route[])
  kinds?: readonly Work[]
  actions?: readonly Deed[]
  schedules?: readonly Schedule[]
  healthChecks?: readonly HealthCheck[]
  gauges?: readonly GaugeDeclaration[]
  upkeep?: readonly UpkeepStep[]
  /** What a process does because of its role. All that was started for a role is stopped at the same time. */
  starts?: Partial<Record<ProcessRole, (everyone: Everyone) => Promise<Started>>>
  /** After everything that uses this module has ended. */
  close?(): Promise<void>
}

/** A module as one value: what is known of it before anything runs, and how it is opened. */
export type Module<Api = unknown, Needs extends NeededModules = NeededModules> = {
  /** Its folder below src, e.g. `core/tasks`. Migrations are recorded under it: never changed. */
  name: string
  migrations?: URL
  permissions?: Permissions
  /** What becomes of the rows of each of its tables; a table that nothing is said of fails a test. */
  retention?: RetentionByTable
  queues?: readonly QueueDefinition[]
  /** Opened, and migrated, before this one; `open` is given what they offer. */
  needs?: Needs
  open(ground: Ground, needs: ApisOf<Needs>): Opened<Api> | Promise<Opened<Api>>
}

/** A module by what it offers, whatever it needs itself. */
// biome-ignore lint/suspicious/noExplicitAny: a module's needs are its own business
export type ModuleWith<Api> = Module<Api, any>
// biome-ignore lint/suspicious/noExplicitAny: what a module offers is between it and those that name it
export type AnyModule = ModuleWith<any>
export type NeededModules = Readonly<Record<string, AnyModule>>
export type ApisOf<Needs> = { readonly [Name in keyof Needs]: Needs[Name] extends ModuleWith<infer Api> ? Api : never }

/** Declares a module; types of what it needs and offers carry over. */
export function defineModule<Api = undefined, Needs extends NeededModules = Record<never, never>>(
  module: Module<Api, Needs>,
): Module<Api, Needs> {
  return module
}
