import { LRUCache } from 'lru-cache'
import { type TenantId, tenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import { findTenantOfTask } from './store/task.ts'

/** A task never changes its tenant: the latest that were asked for. */
const REMEMBERED_MAX = 10_000

/**
 * Finds the tenant of a task that is asked for by its id alone, before any tenant is known. Of one that is deleted it may still
 * be told: whether it is there is asked in its tenant.
 */
export function tenantOfTask(database: Database) {
  const remembered = new LRUCache<string, TenantId>({ max: REMEMBERED_MAX })
  return async (taskId: string): Promise<TenantId | null> => {
    const known = remembered.get(taskId)
    if (known) return known
    const found = await database.readAcrossTenants('a task is asked for by its id alone', (tx) =>
      findTenantOfTask(tx, taskId),
    )
    if (found === null) return null
    remembered.set(taskId, tenantId(found))
    return tenantId(found)
  }
}
