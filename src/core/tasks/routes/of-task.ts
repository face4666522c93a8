import { z } from 'zod'
import type { Database } from '../../../platform/database/index.ts'
import { TenantIdField } from '../../../platform/http/index.ts'
import { taskNotFound } from '../faults.ts'
import { tenantOfTask } from '../tenant-of-task.ts'

/** What routes about one task have in common: the task's id leads to its tenant. */
export function ofTask(database: Database) {
  const findTenant = tenantOfTask(database)
  return {
    tag: 'Tasks',
    tenant: { of: ({ task_id }: { task_id: string }) => findTenant(task_id), absent: taskNotFound },
    params: z.strictObject({ task_id: z.uuid() }),
    query: z.strictObject({ tenant_id: TenantIdField.optional() }),
  }
}
