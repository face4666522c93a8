import { z } from 'zod'
import type { Database } from '../../../platform/database/index.ts'
import { asksForEvents, EventId, lastEventId, type Route, reply, tenantRoute } from '../../../platform/http/index.ts'
import { explain, REASONS } from '../explain.ts'
import { historyOf } from '../history.ts'
import { FROM_THE_BEGINNING, type TaskNews } from '../live/task-news.ts'
import { findChangedTask } from '../store/changes.ts'
import { lastAsked } from '../store/outside.ts'
import { listAttempts, listLogLines, readFacts, readWorkers } from '../store/watch.ts'
import { demandSeen } from '../whose.ts'
import { ofTask } from './of-task.ts'

const LINES_MAX = 1_000

const EventView = z.object({
  at: z.iso.datetime(),
  event: z.enum(['created', 'attempt_ended', 'log', 'cancel_requested', 'ended']),
  attempt: z.int().optional(),
  outcome: z.string().optional(),
  seconds: z.number().optional(),
  error_class: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  text: z.string().optional(),
})

const ExplainView = z.object({
  task_id: z.uuid(),
  reason: z.enum(REASONS),
  sentence: z.string(),
  facts: z.object({
    status: z.string(),
    kind: z.string(),
    attempt: z.int(),
    attempts_max: z.int(),
    run_at: z.iso.datetime(),
    lease_expires_at: z.iso.datetime().nullable(),
    held_by: z.uuid().nullable(),
    tasks_before: z.int(),
    tasks_running: z.int(),
    tasks_running_max: z.int(),
    workers: z.int(),
    workers_knowing_the_kind: z.int(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
})

type Watching = {
  database: Database
  news: TaskNews
  /** Tasks of a tenant that may run at a time. */
  perTenant: number
}

/** Understanding a task. */
export function watchRoutes({ database, news, perTenant }: Watching): Route[] {
  const about = ofTask(database)
  return [
    tenantRoute({
      ...about,
      operationId: 'listTaskEvents',
      method: 'GET',
      path: '/tasks/:task_id/events',
      summary: 'Show what happened to a task: its attempts, what its handler said, how it ended',
      access: 'task.use',
      live: 'events',
      alsoPlain: true,
      query: about.query.extend({
        last_event_id: EventId.optional().meta({
          description: 'As a stream: go on after this event. The header `Last-Event-ID` goes before.',
        }),
      }),
      responses: { 200: z.object({ task_id: z.uuid(), events: z.array(EventView) }) },
      handle: async ({ tx, tenantId, caller, params: { task_id }, query, request }) => {
        const task = await demandSeen(await findChangedTask(tx, task_id), { caller, tenantId })
        if (asksForEvents(request)) {
          const asked = lastEventId(request, query.last_event_id) ?? FROM_THE_BEGINNING
          // Of a database that went back to an earlier state: who waited past its last change would miss all.
          return reply(200, news.follow(tenantId, task_id, Math.min(asked, task.change)))
        }
        const attempts = await listAttempts(tx, task_id)
        const lines = await listLogLines(tx, task_id, 0, LINES_MAX)
        return reply(200, { task_id, events: historyOf(task, attempts, lines) })
      },
    }),
    tenantRoute({
      ...about,
      operationId: 'explainTask',
      method: 'GET',
      path: '/tasks/:task_id/explain',
      summary: 'Say in one sentence why a task is not done yet, with the facts behind it',
      access: 'task.use',
      responses: { 200: ExplainView },
      handle: async ({ tx, tenantId, caller, params: { task_id } }) => {
        const facts = await demandSeen(await readFacts(tx, task_id), { caller, tenantId })
        const { kind, lease_owner: holder } = facts
        const workers = await database.readAcrossTenants('workers are those of all tenants', (system) =>
          readWorkers(system, { kind, holder }),
        )
        const known = { ...workers, per_tenant: perTenant }
        const asked = facts.worked_outside ? { asked_at: (await lastAsked(tx, kind)) ?? null } : {}
        return reply(200, {
          task_id,
          ...explain({ ...facts, ...asked }, known, new Date()),
          facts: {
            ...{
              status: facts.status,
              kind,
              attempt: facts.attempt,
              attempts_max: facts.attempts_max,
              error: facts.error,
            },
            run_at: facts.run_after.toISOString(),
            lease_expires_at: facts.lease_expires_at?.toISOString() ?? null,
            ...{ held_by: facts.held_by, tasks_before: facts.ahead },
            ...{ tasks_running: facts.running_of_tenant, tasks_running_max: perTenant },
            ...{ workers: workers.workers, workers_knowing_the_kind: workers.knowing },
          },
        })
      },
    }),
  ]
}
