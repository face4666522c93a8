import { type TenantId, tenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import { findTenantOfTask } from './store/task.ts'

/** Finds the tenant of a task that is asked for by its id alone, before any tenant is known. */
export const tenantOfTask =
  (database: Database) =>
  async (taskId: string): Promise<TenantId | null> => {
    const found = await database.readAcrossTenants('a task is asked for by its id alone', (tx) =>
      findTenantOfTask(tx, taskId),
    )
    return found === null ? null : tenantId(found)
  }
