import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Route } from '../../../platform/http/index.ts'
import type { TaskCopies } from './task-copies.ts'

/** What changes tasks that are there: one, or all that a filter leaves. */
const CHANGES = /^(POST|PUT|PATCH|DELETE) \/(tasks\/(:task_id\b.*|cancel|retry)|worker\/(heartbeat|complete|fail))$/

/** Has routes that change tasks say so before they do: whoever asks this process afterwards sees what was written. */
export const beforeWriting = (copies: TaskCopies | undefined, routes: readonly Route[]): Route[] =>
  routes.map((route) => {
    if (!copies || !route.tenant || !CHANGES.test(`${route.method} ${route.path}`)) return route
    const { handle } = route
    return {
      ...route,
      handle: (context: { tenantId: TenantId; params: unknown; body: unknown }) => {
        const named = {
          ...(context.body as { task_id?: string } | undefined),
          ...(context.params as { task_id?: string }),
        }
        copies.writing(context.tenantId, named.task_id)
        return handle(context as never)
      },
    } as Route
  })
