export { actFor } from './acting-for.ts'
export { type Database, openDatabase, openPool, type SystemTx, type Tx } from './connect.ts'
export { connectionSettings } from './connection-settings.ts'
export { databaseFault, explainConnectionFailure, UnusableDatabaseError } from './faults.ts'
export { type Listener, openListener } from './listen.ts'
export { type MigrationSet, migrate } from './migrate.ts'
export { type PoolUse, poolUse } from './pool-use.ts'
export { ROLES, type Role } from './roles.ts'
export { commitSoon, conclude, insist, lastly, prepared, settings, together, wasInsistedOn } from './round-trips.ts'
export type * from './schema.generated.ts'
export { ROWS_BYTES_MAX, readWithinBytes, type WithBytes, withinBytes } from './within-bytes.ts'

export const databaseMigrations = {
  module: 'platform/database',
  directory: new URL('./migrations/', import.meta.url),
}
