import { declareFaults } from '../../kernel/faults.ts'
import { httpFault } from '../../platform/http/index.ts'

export const taskFault = declareFaults({
  'tasks.not_found': 404,
  'tasks.already_ended': 409,
  'tasks.running': 409,
  'tasks.of_the_system': 409,
  'tasks.key_in_use': 409,
  'tasks.changed_meanwhile': 412,
  'tasks.payload_too_large': 413,
  'tasks.not_yours': 403,
  'tasks.kind_not_permitted': 403,
  'tasks.kind_not_found': 404,
  'tasks.kind_in_use': 409,
  'tasks.too_many_kinds': 409,
  'tasks.lease_lost': 409,
  'tasks.too_many_waiting': 429,
  // Found in the error of a task, never as an answer.
  'tasks.time_limit': 500,
  'tasks.unexpected': 500,
  'tasks.worker_lost': 500,
  'tasks.dead_letter': 500,
  'tasks.result_too_large': 500,
  'tasks.failed_as_asked': 500,
})

export const taskNotFound = () =>
  taskFault('tasks.not_found', {
    public: 'There is no such task, or it belongs to a tenant you are not a member of.',
    internal: 'no task with that id in the caller’s tenants',
  })

/** What was found of a tenant. @throws http.tenant_not_found */
export function demandTenant<Found>(found: Found | undefined, tenantId: string): Found {
  if (found !== undefined) return found
  throw httpFault('http.tenant_not_found', {
    public: 'There is no such tenant.',
    internal: `an operator asked for tenant ${tenantId}, which is not there`,
  })
}
