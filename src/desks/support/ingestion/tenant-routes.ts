import { z } from 'zod'
import type { Tx } from '../../../platform/database/index.ts'
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
import { connectorNotFound, findConnector } from '../connectors/index.ts'
import { listLogs, listRuns } from './list-logs.ts'
import { ConnectorQuery, hasEnded, JOB_STATUSES, JobView, presentJob, taskStatuses } from './present-job.ts'
import { scheduleRuns } from './schedule-runs.ts'
import { findSchedule, type Schedule } from './schedule-store.ts'

const timestamp = z.iso.datetime()
const ScheduleView = z.object({ every_minutes: z.int(), next_run_at: timestamp }).nullable()
const presentSchedule = (schedule: Schedule | undefined) =>
  schedule ? { every_minutes: schedule.every_minutes, next_run_at: schedule.next_run_at.toISOString() } : null

const LAST_RUNS = 5
const byId = z.tuple([z.uuid()])

/** What there is to know and to set about all of a tenant's ingestion. */
export const tenantIngestionRoutes: Route[] = [
  tenantRoute({
    operationId: 'showIngestionStatus',
    method: 'GET',
    path: '/ingest/status',
    tag: 'Ingestion',
    summary:
      'Show whether a tenant’s tickets are being fetched from the provider or a connector, the last runs and the schedule',
    access: 'ingestion.read',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, ...ConnectorQuery }),
    responses: {
      200: z.object({
        tenant_id: z.string(),
        status: z.enum(['running', 'idle']),
        current: JobView.nullable(),
        last_runs: z.array(JobView),
        schedule: ScheduleView,
      }),
    },
    handle: async ({ tx, tenantId, query: { connector_id: connectorId } }) => {
      await requireConnector(tx, connectorId)
      const runs = await listRuns(tx, { connectorId, limit: LAST_RUNS + 1 })
      const current = runs.find((run) => !hasEnded(run))
      return reply(200, {
        tenant_id: tenantId,
        status: current ? 'running' : 'idle',
        current: current ? presentJob(current) : null,
        last_runs: runs.filter(hasEnded).slice(0, LAST_RUNS).map(presentJob),
        schedule: presentSchedule(await findSchedule(tx, connectorId)),
      })
    },
  }),
  tenantRoute({
    operationId: 'listIngestionLogs',
    method: 'GET',
    path: '/ingest/logs',
    tag: 'Ingestion',
    summary: 'List all runs, imports and retries of a tenant, newest first',
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
    operationId: 'scheduleIngestionRuns',
    method: 'PUT',
    path: '/ingest/schedule',
    tag: 'Ingestion',
    summary: 'Let runs start by themselves every so many minutes',
    access: 'ingestion.schedule',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, ...ConnectorQuery }),
    body: z.strictObject({ every_minutes: z.int().min(1).max(10_080) }),
    responses: { 200: z.object({ schedule: ScheduleView }) },
    handle: async ({ tx, tenantId, caller, query: { connector_id: connectorId }, body: { every_minutes } }) => {
      await requireConnector(tx, connectorId)
      await scheduleRuns(tx, { tenantId, connectorId, everyMinutes: every_minutes, setBy: caller.id })
      return reply(200, { schedule: presentSchedule(await findSchedule(tx, connectorId)) })
    },
  }),
  tenantRoute({
    operationId: 'unscheduleIngestionRuns',
    method: 'DELETE',
    path: '/ingest/schedule',
    tag: 'Ingestion',
    summary: 'Let no more runs start by themselves',
    access: 'ingestion.schedule',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, ...ConnectorQuery }),
    responses: { 204: z.undefined() },
    handle: async ({ tx, tenantId, caller, query: { connector_id: connectorId } }) => {
      await scheduleRuns(tx, { tenantId, connectorId, everyMinutes: null, setBy: caller.id })
      return reply(204)
    },
  }),
]

async function requireConnector(tx: Tx, connectorId: string | undefined): Promise<void> {
  if (connectorId !== undefined && !(await findConnector(tx, connectorId))) throw connectorNotFound()
}
