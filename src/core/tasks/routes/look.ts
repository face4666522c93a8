import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Database } from '../../../platform/database/index.ts'
import {
  decodeCursor,
  encodeCursor,
  PageQuery,
  pageLinks,
  type Reply,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
} from '../../../platform/http/index.ts'
import type { TaskCopies, TaskCopy } from '../copies/task-copies.ts'
import { COUNTED_MAX, countTasks, listPage } from '../store/list.ts'
import { findTask } from '../store/task.ts'
import { FilterQuery, readFilter, within } from '../task-input.ts'
import { etagOf, presentListed, presentTask, TaskListed, TaskView } from '../task-view.ts'
import { demandSeen, seenBy } from '../whose.ts'
import { ofTask } from './of-task.ts'

const Position = z.tuple([z.enum(['older', 'newer']), z.uuid()])

const ListView = z.object({
  tasks: z.array(TaskListed),
  total: z.int().meta({ description: `How many there are on all pages; counted up to ${COUNTED_MAX}` }),
  total_is_estimate: z.boolean().meta({ description: 'There are more than were counted' }),
  next_cursor: z.string().nullable(),
  previous_cursor: z.string().nullable(),
})

/** Looking at tasks: without `task.read` a caller sees those that it made. */
export function lookRoutes({ database, copies }: { database: Database; copies: TaskCopies | undefined }): Route[] {
  return [
    tenantRoute({
      operationId: 'listTasks',
      method: 'GET',
      path: '/tasks',
      tag: 'Tasks',
      summary: 'List tasks, newest first',
      access: 'task.use',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, ...FilterQuery }),
      responses: { 200: ListView },
      handle: async ({ tx, tenantId, caller, query, request }) => {
        const filter = within(readFilter(query, caller.id), await seenBy({ caller, tenantId }))
        if (filter === undefined) return reply(200, EMPTY)
        const [direction, taskId] = decodeCursor(query.cursor, Position) ?? []
        const position = direction && taskId ? { direction, taskId } : undefined
        const found = await listPage(tx, filter, { position, limit: query.limit })
        const total = await countTasks(tx, filter)
        const { rows, next, previous } = cutPage(found, query.limit, position)
        const body = {
          tasks: rows.map(presentListed),
          ...{ total, total_is_estimate: total >= COUNTED_MAX, next_cursor: next, previous_cursor: previous },
        }
        return reply(200, body, pageLinks(request.originalUrl, { next, previous }))
      },
    }),
    tenantRoute({
      ...ofTask(database),
      operationId: 'showTask',
      method: 'GET',
      path: '/tasks/:task_id',
      summary: 'Show a task; 304 while it is as `If-None-Match` says',
      access: 'task.use',
      responses: { 200: TaskView, 304: z.undefined() },
      shortcut: async ({ tenantId, caller, params: { task_id }, request }) => {
        const copy = await copies?.find(tenantId, task_id)
        return copy && show(await demandSeen(copy, { caller, tenantId }), request)
      },
      handle: async ({ tx, tenantId, caller, params: { task_id }, request }) => {
        const task = await demandSeen(await findTask(tx, task_id), { caller, tenantId })
        return show({ etag: etagOf(task), view: presentTask(task) }, request)
      },
    }),
  ]
}

function show({ etag, view }: Pick<TaskCopy, 'etag' | 'view'>, { headers }: FastifyRequest): Reply {
  // Each caller sees it by rights of its own, which may end: it asks each time.
  const always = { etag, 'cache-control': 'private, no-cache' }
  const known = (headers['if-none-match'] ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return known.includes(etag) || known.includes('*') ? reply(304, undefined, always) : reply(200, view, always)
}

const EMPTY = { tasks: [], total: 0, total_is_estimate: false, next_cursor: null, previous_cursor: null }

type Listed = Awaited<ReturnType<typeof listPage>>

/** Cuts what was read, one row more than fits when there are more, to a page in the order of the list. */
function cutPage(found: Listed, limit: number, position: { direction: 'older' | 'newer' } | undefined) {
  const isBack = position?.direction === 'newer'
  const rows = isBack ? found.slice(0, limit).toReversed() : found.slice(0, limit)
  const [first, last] = [rows[0], rows.at(-1)]
  const hasMore = found.length > limit
  const cursor = (direction: 'older' | 'newer', row: Listed[number] | undefined) =>
    row === undefined ? null : encodeCursor([direction, row.task_id])
  return {
    rows,
    next: isBack || hasMore ? cursor('older', last) : null,
    previous: isBack ? (hasMore ? cursor('newer', first) : null) : position ? cursor('newer', first) : null,
  }
}
