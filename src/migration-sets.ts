import { auditMigrations } from './core/audit/index.ts'
import { channelsMigrations } from './core/channels/index.ts'
import { deliveriesMigrations } from './core/deliveries/index.ts'
import { signalsMigrations } from './core/signals/index.ts'
import { taskQueue, tasksMigrations } from './core/tasks/index.ts'
import { tenancyMigrations } from './core/tenancy/index.ts'
import { analyticsMigrations } from './desks/support/analytics/index.ts'
import { classificationMigrations } from './desks/support/classification/index.ts'
import { connectorMigrations } from './desks/support/connectors/index.ts'
import { ingestionMigrations } from './desks/support/ingestion/index.ts'
import { ticketsMigrations } from './desks/support/tickets/index.ts'
import { databaseMigrations, type MigrationSet } from './platform/database/index.ts'
import { healthMigrations } from './platform/health/index.ts'
import { httpMigrations } from './platform/http/index.ts'
import type { QueueDefinition } from './platform/queue/index.ts'
import { resilienceMigrations } from './platform/resilience/index.ts'

/** Every module's migrations, in the order they are applied: a module after those whose tables it refers to. */
export const migrationSets: readonly MigrationSet[] = [
  databaseMigrations,
  healthMigrations,
  httpMigrations,
  resilienceMigrations,
  tenancyMigrations,
  auditMigrations,
  tasksMigrations,
  signalsMigrations,
  channelsMigrations,
  deliveriesMigrations,
  classificationMigrations,
  ticketsMigrations,
  analyticsMigrations,
  connectorMigrations,
  ingestionMigrations,
]

/** Every queue, made by the migrator. */
export const queues: readonly QueueDefinition[] = [taskQueue]
