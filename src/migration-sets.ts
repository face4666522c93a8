import { tenancyMigrations } from './core/tenancy/index.ts'
import { databaseMigrations, type MigrationSet } from './platform/database/index.ts'
import { httpMigrations } from './platform/http/index.ts'

/** Every module's migrations, in the order they are applied: a module after those whose tables it refers to. */
export const migrationSets: readonly MigrationSet[] = [databaseMigrations, httpMigrations, tenancyMigrations]
