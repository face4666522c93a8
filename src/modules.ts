import { actionsModule } from './core/actions/index.ts'
import { auditModule } from './core/audit/index.ts'
import { channelsModule } from './core/channels/index.ts'
import { clocksModule } from './core/clocks/index.ts'
import { deliveriesModule } from './core/deliveries/index.ts'
import { mailModule } from './core/mail/index.ts'
import { requestsModule } from './core/requests/index.ts'
import { retentionModule } from './core/retention/index.ts'
import { signalsModule } from './core/signals/index.ts'
import { tasksModule } from './core/tasks/index.ts'
import { tenancyModule } from './core/tenancy/index.ts'
import { denialsDesk } from './desks/denials/index.ts'
import { fleetDesk } from './desks/fleet/index.ts'
import { supportDesk } from './desks/support/index.ts'
import { databaseMigrations, type MigrationSet } from './platform/database/index.ts'
import { healthMigrations, healthRetention } from './platform/health/index.ts'
import { httpMigrations, httpRetention } from './platform/http/index.ts'
import { type AnyModule, migrationsOf, permissionsOf, queuesOf } from './platform/module/index.ts'
import { queueMigrations, queueRetention } from './platform/queue/index.ts'
import { resilienceMigrations, resilienceRetention } from './platform/resilience/index.ts'
import { retentionOf, upkeepMigrations, upkeepRetention } from './platform/upkeep/index.ts'

/** What the system is made of. A module is its folder and a line here, or in the list of its desk. */
export const modules: readonly AnyModule[] = [
  mailModule,
  tenancyModule,
  auditModule,
  tasksModule,
  requestsModule,
  signalsModule,
  channelsModule,
  deliveriesModule,
  clocksModule,
  actionsModule,
  retentionModule,
  ...supportDesk,
  ...fleetDesk,
  ...denialsDesk,
]

/** All permissions of all modules, with the least role that has each. */
export const permissions = permissionsOf(modules)

/** What the platform keeps in the database, then every module's migrations, in the order in which they are applied. */
export const migrationSets: readonly MigrationSet[] = [
  databaseMigrations,
  healthMigrations,
  httpMigrations,
  queueMigrations,
  resilienceMigrations,
  upkeepMigrations,
  ...migrationsOf(modules),
]

/** Every queue, made by the migrator. */
export const queues = queuesOf(modules)

/** What becomes of the rows of every table: what the platform says of its own, and every module. */
export const retention = retentionOf([
  { name: 'platform/upkeep', retention: upkeepRetention },
  { name: 'platform/health', retention: healthRetention },
  { name: 'platform/http', retention: httpRetention },
  { name: 'platform/resilience', retention: resilienceRetention },
  { name: 'platform/queue', retention: queueRetention },
  ...modules.map(({ name, retention = {} }) => ({ name, retention })),
])
