import { sql } from 'kysely'
import type { Logger } from '../../../kernel/logger.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { Schedule } from '../../../platform/module/index.ts'
import type { PolicyChanged } from './publish-policy.ts'

const EVERY_SECONDS = 5
const AT_ONCE = 50
/** One tenant that cannot be told must not keep it from those behind it. */
const TRIES = 5

type Telling = { database: Database; logger: Logger; onChanged: PolicyChanged }

/**
 * After the operator's policy has changed: has the clocks of all who follow it measured again, tenant after tenant in the order of their
 * ids. Goes on where a process that died has stopped; what two do at once is done once.
 */
export function tellingTenants({ database, logger, onChanged }: Telling): Schedule {
  const reason = 'all tenants that follow the operator’s policy are told of a new one'
  let failures = 0
  const tell = async (id: string): Promise<boolean> => {
    try {
      await database.withTenant(tenantId(id), async (tx) => {
        const { rows } = await sql<{ is_own: boolean }>`
          select policy is not null as is_own from sla_policies order by version desc limit 1`.execute(tx)
        if (!rows[0]?.is_own) await onChanged(tx, tenantId(id), 'system')
      })
      failures = 0
      return true
    } catch (err) {
      failures += 1
      logger.error({ err, component: 'policies', tenant_id: id, failures }, 'a tenant was not told of a new policy')
      if (failures < TRIES) return false
      failures = 0
      return true
    }
  }
  return {
    name: 'tenants of the operator’s policy',
    everySeconds: EVERY_SECONDS,
    work: async (signal) => {
      const next = await database.readAcrossTenants(reason, async (tx) => {
        const { rows } = await sql<{ version: number; tenants: string[] }>`
          select version,
            array(select t.tenant_id from tenants t where t.tenant_id > told_until order by t.tenant_id limit ${AT_ONCE}) as tenants
          from (select * from sla.default_policies order by version desc limit 1) as newest
          where told_at is null`.execute(tx)
        return rows[0]
      })
      if (!next) return undefined
      let told = 0
      while (told < next.tenants.length && !signal.aborted && (await tell(next.tenants[told] ?? ''))) told += 1
      const isAll = told === next.tenants.length && told < AT_ONCE
      await database.acrossTenants(reason, (tx) =>
        sql`
          update sla.default_policies set told_until = greatest(told_until, ${next.tenants[told - 1] ?? ''}),
            told_at = ${isAll ? sql`clock_timestamp()` : sql`null`}
          where version = ${next.version} and told_at is null`.execute(tx),
      )
      return told === AT_ONCE ? 'again' : undefined
    },
  }
}
