import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Database } from '../../../../platform/database/index.ts'
import {
  decodeCursor,
  invalid,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
} from '../../../../platform/http/index.ts'
import { csvCell, PRIORITIES, TIERS } from '../../tickets/index.ts'
import { HEADERS } from '../dashboard/export.ts'
import { OUTCOMES, type ReportFilter, ReportQuery, readRange, SLA_TYPES, typeOf } from './decided.ts'
import {
  type Decided,
  DecidedPosition,
  DIVISIONS,
  type Division,
  isPeriod,
  listDecided,
  PARTS_MAX,
  type Part,
  readParts,
} from './store.ts'

const timestamp = z.iso.datetime()

const NumbersView = z.object({
  met: z.int(),
  missed: z.int(),
  attainment: z
    .number()
    .nullable()
    .meta({ description: 'Met in percent of all that were decided; null where none was' }),
  average_seconds: z.number().meta({ description: 'Of open time by the calendars, without pauses' }),
  p90_seconds: z.number(),
  average_overdue_seconds: z.number().nullable().meta({ description: 'Of those that were missed' }),
})

const ReportView = z
  .object({
    from: timestamp,
    to: timestamp,
    total: NumbersView,
    parts: z
      .array(
        NumbersView.extend({
          part: z.string().nullable().meta({ description: 'A date, a tier, a group …; null: tickets that have none' }),
          rows: z
            .string()
            .nullable()
            .meta({ description: 'Where the clocks behind these numbers are; null for tickets that have none' }),
        }),
      )
      .meta({ description: `At most ${PARTS_MAX.toLocaleString('en')}; empty when it is not divided` }),
  })
  .meta({ id: 'SlaReport' })

const DecidedView = z
  .object({
    ticket_id: z.uuid(),
    external_id: z.string(),
    subject: z.string(),
    customer_tier: z.enum(TIERS),
    priority: z.enum(PRIORITIES),
    group: z.string().nullable(),
    assignee: z.string().nullable(),
    sla_type: z.enum(SLA_TYPES),
    round: z.int(),
    outcome: z.enum(OUTCOMES),
    decided_at: timestamp.meta({ description: 'When it was met, or its deadline passed' }),
    ended_at: timestamp.nullable(),
    target_seconds: z.number(),
    elapsed_seconds: z.number(),
    paused_seconds: z.number(),
    overdue_seconds: z.number(),
    policy: z.string().nullable(),
  })
  .meta({ id: 'SlaDecided' })

const OfRows = { outcome: z.enum(OUTCOMES).optional() }

function filterOf<Query extends { from?: string | undefined; to?: string | undefined }>(query: Query) {
  const range = readRange(query, new Date())
  if (typeof range === 'string') throw invalid([{ in: 'query', field: 'to', message: range }])
  return { ...query, ...range }
}

/** What was kept of what was promised, with the clocks behind each number. */
export function reportRoutes(database: Database): Route[] {
  const common = { tag: 'SLA', access: 'sla.read', tenant: 'query', method: 'GET' } as const
  return [
    tenantRoute({
      operationId: 'showSlaReport',
      ...common,
      path: '/sla/report',
      summary: 'Show how much of what was promised was kept, by period, tier, priority, group or assignee',
      query: z.strictObject({ ...TenantQuery, ...ReportQuery, by: z.enum(DIVISIONS).optional() }),
      responses: { 200: ReportView },
      handle: async ({ tx, tenantId, query: { by, ...asked } }) => {
        const filter = { ...filterOf(asked), tenant_id: tenantId }
        const [total] = await readParts(tx, filter, undefined)
        const parts = by === undefined ? [] : await readParts(tx, filter, by)
        return reply(200, {
          ...{ from: filter.from, to: filter.to, total: numbersOf(total) },
          parts: parts.map((part) => ({ part: part.part, ...numbersOf(part), rows: rowsPath(filter, by, part) })),
        })
      },
    }),
    tenantRoute({
      operationId: 'listSlaReportRows',
      ...common,
      path: '/sla/report/rows',
      summary: 'List the clocks behind the numbers of a report, in the order in which they were decided',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, ...ReportQuery, ...OfRows }),
      responses: { 200: z.object({ rows: z.array(DecidedView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, tenantId, query: { limit, cursor, ...asked }, request }) => {
        const filter = { ...filterOf(asked), tenant_id: tenantId }
        const page = await listDecided(tx, filter, { behind: decodeCursor(cursor, DecidedPosition), limit })
        const body = { rows: page.rows.map(presentDecided), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'exportSlaReport',
      ...common,
      path: '/sla/report/export',
      summary: 'Download the clocks behind the numbers of a report as CSV',
      query: z.strictObject({ ...TenantQuery, ...ReportQuery, ...OfRows }),
      live: 'download',
      responses: { 200: z.unknown() },
      handle: async ({ tenantId, query, signal }) => {
        const filter = { ...filterOf(query), tenant_id: tenantId }
        const file = Readable.from(lines(database, filter, signal), { objectMode: false })
        return reply(200, file, HEADERS(`sla-report-${tenantId}-${filter.to.slice(0, 10)}.csv`))
      },
    }),
  ]
}

/** The rows of a part: the same filter, and what makes it a part. */
function rowsPath(filter: ReportFilter, by: Division | undefined, { part, from_at, to_at }: Part): string | null {
  if (by === undefined || part === null) return null
  const narrowed = isPeriod(by)
    ? { ...filter, from: from_at?.toISOString() ?? filter.from, to: to_at?.toISOString() ?? filter.to }
    : { ...filter, [by]: part }
  const said = Object.entries(narrowed).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `/api/v1/sla/report/rows?${new URLSearchParams(said)}`
}

function numbersOf(part: Part | undefined): z.output<typeof NumbersView> {
  const { met = 0, missed = 0, average_seconds = 0, p90_seconds = 0, average_overdue_seconds = null } = part ?? {}
  const decided = met + missed
  const attainment = decided === 0 ? null : Math.round((met / decided) * 10_000) / 100
  return { met, missed, attainment, average_seconds, p90_seconds, average_overdue_seconds }
}

function presentDecided({ tier, group_name, target, policy_key, decided_at, ended_at, ...row }: Decided) {
  return {
    ...row,
    ...{ customer_tier: tier, group: group_name, sla_type: typeOf(target), policy: policy_key },
    ...{ decided_at: decided_at.toISOString(), ended_at: ended_at?.toISOString() ?? null },
  } as z.output<typeof DecidedView>
}

const COLUMNS = Object.keys(DecidedView.shape) as (keyof z.output<typeof DecidedView>)[]
const BATCH_ROWS = 1_000

async function* lines(database: Database, filter: Parameters<typeof listDecided>[1], signal: AbortSignal) {
  yield `\uFEFF${COLUMNS.join(',')}\r\n`
  let cursor: string | null | undefined
  while (cursor !== null && !signal.aborted) {
    const behind = decodeCursor(cursor, DecidedPosition)
    const page = await database.withTenant(filter.tenant_id, (tx) =>
      listDecided(tx, filter, { behind, limit: BATCH_ROWS }),
    )
    const shown = page.rows.map(presentDecided)
    const text = shown.map((row) => `${COLUMNS.map((column) => csvCell(row[column])).join(',')}\r\n`).join('')
    if (text !== '') yield text
    cursor = page.nextCursor
  }
}
