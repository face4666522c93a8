/**
 * `npm run verify-counters`: counts the tickets of every tenant anew and compares with the counters. Exit code 1 when any
 * differs, 2 when it could not look. On DATABASE_URL, or the embedded database while nothing else uses it.
 */
import { sql } from 'kysely'
import { findDifferences } from './desks/support/analytics/index.ts'
import { ConfigError, loadConfig } from './kernel/config.ts'
import { createLogger } from './kernel/logger.ts'
import { tenantId } from './kernel/tenant-id.ts'
import { startEmbeddedPostgres } from './platform/database/embedded/index.ts'
import { explainConnectionFailure, openDatabase, UnusableDatabaseError } from './platform/database/index.ts'

async function verify(): Promise<number> {
  await using opened = new AsyncDisposableStack()
  const config = loadConfig()
  const logger = createLogger({ level: 'warn' })
  let url = config.DATABASE_URL
  if (url === undefined) {
    const postgres = await startEmbeddedPostgres({ dataDir: config.SIGNALBOX_DATA_DIR, logger })
    opened.defer(() => postgres.close())
    url = postgres.url
  }
  const database = openDatabase({ url, max: 1, logger })
  opened.defer(() => database.close())
  const { rows } = await database.acrossTenants('the counters of all tenants are checked', (tx) =>
    sql<{ tenant_id: string }>`select tenant_id from tenants order by tenant_id`.execute(tx),
  )
  let wrong = 0
  for (const { tenant_id } of rows) {
    const { total, differences } = await database.withTenant(tenantId(tenant_id), findDifferences)
    wrong += total
    console.log(total === 0 ? `${tenant_id}: right` : `${tenant_id}: ${total} counters differ`)
    for (const { counter, key, counted, found } of differences) {
      console.log(
        `  ${counter} ${JSON.stringify(key)}: ${JSON.stringify(counted)}, the tickets say ${JSON.stringify(found)}`,
      )
    }
    if (total > differences.length) console.log(`  and ${total - differences.length} more`)
  }
  console.log(`${rows.length} tenants, ${wrong} counters that differ`)
  return wrong === 0 ? 0 : 1
}

try {
  process.exitCode = await verify()
} catch (thrown) {
  const error = explainConnectionFailure(thrown)
  const isForOperator = error instanceof ConfigError || error instanceof UnusableDatabaseError
  console.error(isForOperator ? error.message : error)
  process.exitCode = 2
}
