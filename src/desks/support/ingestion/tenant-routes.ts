import { z } from 'zod'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { listLogs } from './list-logs.ts'
import { hasEnded, JOB_STATUSES, JobView, presentJob, taskStatuses } from './present-job.ts'
import { scheduleRuns } from './schedule-runs.ts'
import { findSchedule, type Schedule } from './schedule-store.ts'
import { listRejects } from './store.ts'

const timestamp = z.iso.datetime()
const ScheduleView = z.object({ every_minutes: z.int(), next_run_at: timestamp }).nullable()
const presentSchedule = (schedule: Schedule | undefined) =>
  schedule ? { every_minutes: schedule.every_minutes, next_run_at: schedule.next_run_at.toISOString() } : null

const RejectView = z.object({
  reject_id: z.uuid(),
  external_id: z.string(),
  job_id: z.uuid(),
  reason: z.string(),
  first_seen_at: timestamp,
  last_seen_at: timestamp,
})

const LAST_RUNS = 5
const byId = z.tuple([z.uuid()])

/** What there is to know and to set about all of a tenant's ingestion. */
export const tenantIngestionRoutes: Route[] = [
  tenantRoute({
    method: 'GET',
    path: '/ingest/status',
    tag: 'Ingestion',
    summary: 'Show whether a tenant’s tickets are being fetched, the last runs and the schedule',
    access: 'ingestion.read',
    tenant: 'query',
    query: z.strictObject(TenantQuery),
    responses: {
      200: z.object({
        tenant_id: z.string(),
        status: z.enum(['running', 'idle']),
        current: JobView.nullable(),
        last_runs: z.array(JobView),
        schedule: ScheduleView,
      }),
    },
    handle: async ({ tx, tenantId }) => {
      const runs = await listLogs(tx, { limit: LAST_RUNS + 1 })
      const current = runs.find((run) => !hasEnded(run))
      return reply(200, {
        tenant_id: tenantId,
        status: current ? 'running' : 'idle',
        current: current ? presentJob(current) : null,
        last_runs: runs.filter(hasEnded).slice(0, LAST_RUNS).map(presentJob),
        schedule: presentSchedule(await findSchedule(tx)),
      })
    },
  }),
  tenantRoute({
    method: 'GET',
    path: '/ingest/logs',
    tag: 'Ingestion',
    summary: 'List all runs of a tenant, newest first',
    access: 'ingestion.read',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, ...PageQuery, status: z.enum(JOB_STATUSES).optional() }),
    responses: { 200: z.object({ logs: z.array(JobView), next_cursor: z.string().nullable() }) },
    handle: async ({ tx, query: { limit, cursor, status }, request }) => {
      const [before] = decodeCursor(cursor, byId) ?? []
      const statuses = status && taskStatuses(status)
      const found = await listLogs(tx, { statuses, before, limit: limit + 1 })
      const { rows, nextCursor } = toPage(found, limit, ({ job_id }) => [job_id])
      const body = { logs: rows.map(presentJob), next_cursor: nextCursor }
      return reply(200, body, linkHeader(request.originalUrl, nextCursor))
    },
  }),
  tenantRoute({
    method: 'GET',
    path: '/ingest/rejects',
    tag: 'Ingestion',
    summary: 'List tickets that cannot be used, with the reason; a later run that brings a usable one takes it off',
    access: 'ingestion.read',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, ...PageQuery }),
    responses: { 200: z.object({ rejects: z.array(RejectView), next_cursor: z.string().nullable() }) },
    handle: async ({ tx, query: { limit, cursor }, request }) => {
      const [before] = decodeCursor(cursor, byId) ?? []
      const found = await listRejects(tx, { before, limit: limit + 1 })
      const { rows, nextCursor } = toPage(found, limit, ({ reject_id }) => [reject_id])
      const rejects = rows.map(({ first_seen_at, last_seen_at, ...reject }) => ({
        ...reject,
        first_seen_at: first_seen_at.toISOString(),
        last_seen_at: last_seen_at.toISOString(),
      }))
      return reply(200, { rejects, next_cursor: nextCursor }, linkHeader(request.originalUrl, nextCursor))
    },
  }),
  tenantRoute({
    method: 'PUT',
    path: '/ingest/schedule',
    tag: 'Ingestion',
    summary: 'Let runs start by themselves every so many minutes',
    access: 'ingestion.schedule',
    tenant: 'query',
    query: z.strictObject(TenantQuery),
    body: z.strictObject({ every_minutes: z.int().min(1).max(10_080) }),
    responses: { 200: z.object({ schedule: ScheduleView }) },
    handle: async ({ tx, tenantId, caller, body: { every_minutes } }) => {
      await scheduleRuns(tx, { tenantId, everyMinutes: every_minutes, setBy: caller.id })
      return reply(200, { schedule: presentSchedule(await findSchedule(tx)) })
    },
  }),
  tenantRoute({
    method: 'DELETE',
    path: '/ingest/schedule',
    tag: 'Ingestion',
    summary: 'Let no more runs start by themselves',
    access: 'ingestion.schedule',
    tenant: 'query',
    query: z.strictObject(TenantQuery),
    responses: { 204: z.undefined() },
    handle: async ({ tx, tenantId, caller }) => {
      await scheduleRuns(tx, { tenantId, everyMinutes: null, setBy: caller.id })
      return reply(204)
    },
  }),
]
