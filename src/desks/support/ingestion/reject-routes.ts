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
import { jobNotFound } from './faults.ts'
import { findLog } from './list-logs.ts'
import { rejectGroupsOf } from './list-reject-groups.ts'
import { listRejects, REJECT_KINDS, type Reject } from './reject-store.ts'

const timestamp = z.iso.datetime()

const RejectView = z
  .object({
    reject_id: z.uuid(),
    external_id: z.string(),
    origin: z.string().meta({ description: 'Who delivered it: `provider`, `import` or a connector’s id' }),
    job_id: z.uuid(),
    kind: z.enum(REJECT_KINDS).meta({ description: '`outdated`: usable, and older than what is stored' }),
    line: z.int().nullable().meta({ description: 'Where it begins in the imported file, counted from 1' }),
    reason: z.string(),
    first_seen_at: timestamp,
    last_seen_at: timestamp,
  })
  .meta({ id: 'Reject' })

const RejectGroupView = z
  .object({
    reason: z.string().meta({ description: 'The first thing that is wrong; `other reasons` past the fiftieth' }),
    count: z.int(),
    first_line: z.int().nullable().meta({ description: 'Of a file, where the first of them stands' }),
  })
  .meta({ id: 'RejectGroup' })

const presentReject = ({ first_seen_at, last_seen_at, ...reject }: Reject): z.output<typeof RejectView> => ({
  ...reject,
  first_seen_at: first_seen_at.toISOString(),
  last_seen_at: last_seen_at.toISOString(),
})

const byId = z.tuple([z.uuid()])

/** What was set aside because it cannot be used, one by one and told together. */
export const rejectRoutes: Route[] = [
  tenantRoute({
    operationId: 'listRejects',
    method: 'GET',
    path: '/ingest/rejects',
    tag: 'Ingestion',
    summary: 'List tickets that cannot be used, with the reason; a later usable one takes its reject off',
    access: 'ingestion.read',
    tenant: 'query',
    query: z.strictObject({
      ...{ ...TenantQuery, ...PageQuery },
      ...{ job_id: z.uuid().optional(), kind: z.enum(REJECT_KINDS).optional() },
    }),
    responses: { 200: z.object({ rejects: z.array(RejectView), next_cursor: z.string().nullable() }) },
    handle: async ({ tx, query: { limit, cursor, job_id: jobId, kind }, request }) => {
      const [before] = decodeCursor(cursor, byId) ?? []
      const found = await listRejects(tx, { jobId, kind, before, limit: limit + 1 })
      const { rows, nextCursor } = toPage(found, limit, ({ reject_id }) => [reject_id])
      const body = { rejects: rows.map(presentReject), next_cursor: nextCursor }
      return reply(200, body, linkHeader(request.originalUrl, nextCursor))
    },
  }),
  tenantRoute({
    operationId: 'groupRejects',
    method: 'GET',
    path: '/ingest/rejects/groups',
    tag: 'Ingestion',
    summary: 'Say what failed in a job, told together where it failed alike, and how many are kept one by one',
    access: 'ingestion.read',
    tenant: 'query',
    query: z.strictObject({ ...TenantQuery, job_id: z.uuid() }),
    responses: {
      200: z.object({
        job_id: z.uuid(),
        failed: z.int(),
        kept: z.int().meta({ description: 'Those that /ingest/rejects lists, the first thousand of a job' }),
        not_kept: z.int().meta({ description: 'Those that are only counted' }),
        groups: z.array(RejectGroupView),
      }),
    },
    handle: async ({ tx, query: { job_id } }) => {
      const job = await findLog(tx, job_id)
      if (!job) throw jobNotFound()
      return reply(200, { job_id, ...(await rejectGroupsOf(tx, job)) })
    },
  }),
]
