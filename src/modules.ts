import { auditModule } from './core/audit/index.ts'
import { channelsModule } from './core/channels/index.ts'
import { clocksModule } from './core/clocks/index.ts'
import { deliveriesModule } from './core/deliveries/index.ts'
import { mailModule } from './core/mail/index.ts'
import { signalsModule } from './core/signals/index.ts'
import { tasksModule } from './core/tasks/index.ts'
import { tenancyModule } from './core/tenancy/index.ts'
import { supportDesk } from './desks/support/index.ts'
import { databaseMigrations, type MigrationSet } from './platform/database/index.ts'
import { healthMigrations } from './platform/health/index.ts'
import { httpMigrations } from './platform/http/index.ts'
import { type AnyModule, migrationsOf, permissionsOf, queuesOf } from './platform/module/index.ts'
import { resilienceMigrations } from './platform/resilience/index.ts'

/** What the system is made of. A module is its folder and a line here, or in the list of its desk. */
export const modules: readonly AnyModule[] = [
  mailModule,
  tenancyModule,
  auditModule,
  tasksModule,
  signalsModule,
  channelsModule,
  deliveriesModule,
  clocksModule,
  ...supportDesk,
]

/** All permissions of all modules, with the least role that has each. */
export const permissions = permissionsOf(modules)

/** What the platform keeps in the database, then every module's migrations, in the order in which they are applied. */
export const migrationSets: readonly MigrationSet[] = [
  databaseMigrations,
  healthMigrations,
  httpMigrations,
  resilienceMigrations,
  ...migrationsOf(modules),
]

/** Every queue, made by the migrator. */
export const queues = queuesOf(modules)
