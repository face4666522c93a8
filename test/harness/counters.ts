import { findDifferences } from '../../src/desks/support/analytics/index.ts'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { openDatabase } from '../../src/platform/database/index.ts'
import { silent } from './database.ts'
import { administer } from './server.ts'

/** Counters of any tenant that are not what counting the tickets gives, a sentence for each; none when all are right. */
export async function counterDifferences(databaseUrl: string): Promise<string[]> {
  const tenants = await administer(databaseUrl, async (client) => {
    const { rows } = await client.query<{ tenant_id: string }>('select tenant_id from tenants order by 1')
    return rows.map(({ tenant_id }) => tenantId(tenant_id))
  })
  const database = openDatabase({ url: databaseUrl, max: 1, logger: silent })
  try {
    const sentences: string[] = []
    for (const tenant of tenants) {
      const { differences } = await database.withTenant(tenant, findDifferences)
      for (const { counter, key, counted, found } of differences) {
        sentences.push(
          `${tenant} ${counter} ${JSON.stringify(key)}: ${JSON.stringify(counted)}, not ${JSON.stringify(found)}`,
        )
      }
    }
    return sentences
  } finally {
    await database.close()
  }
}
