import { listSignals, presentSignal, SIGNAL_STATES, SIGNALS, SignalView } from '../../../core/signals/index.ts'
import { listPage, presentListed, TaskListed } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import { exportTickets, lastTicket, readTicketFilter } from '../tickets/index.ts'
import type { ReportPayload } from './report.ts'
import { headOf, lineOf } from './spell-rows.ts'

const ROWS_AT_ONCE = 200

type Reading = { database: Database; tenantId: TenantId; signal: AbortSignal }
type Row = Readonly<Record<string, unknown>>

/**
 * The text of a report, piece by piece, no more of it in memory than a page of rows. Each page has a transaction of its own, in
 * the order of an id that never changes: what is there from beginning to end is in it once.
 */
export async function* readReport(reading: Reading, report: ReportPayload): AsyncGenerator<Buffer> {
  const { database, tenantId, signal } = reading
  const { format } = report
  if (report.subject === 'tickets') {
    const last = await database.withTenant(tenantId, (tx) => lastTicket(tx, tenantId))
    const filter = readTicketFilter({ tenant_id: tenantId, ...report.filter })
    yield* exportTickets(database, { tenantId, filter, format, last }, signal)
    return
  }
  const { columns, page } = report.subject === 'tasks' ? tasksOf(report.filter) : signalsOf(report.filter)
  yield Buffer.from(headOf(format, columns))
  for (let before: string | undefined, more = true; more; ) {
    signal.throwIfAborted()
    const { rows, last } = await database.withTenant(tenantId, (tx) => page(tx, before))
    if (rows.length > 0) yield Buffer.from(rows.map((row) => lineOf(format, columns, row)).join(''))
    before = last
    more = last !== undefined
  }
}

/** Rows before an id, newest first, and the last of their ids; undefined: there are no more. */
type ReadPage = (tx: Tx, before: string | undefined) => Promise<{ rows: readonly Row[]; last: string | undefined }>
type Source = { columns: readonly string[]; page: ReadPage }

const tasksOf = (asked: Extract<ReportPayload, { subject: 'tasks' }>['filter']): Source => ({
  columns: Object.keys(TaskListed.shape),
  page: async (tx, before) => {
    const filter = {
      ...{ statuses: asked.status, kinds: asked.kind },
      ...{ createdAfter: asked.created_after, createdBefore: asked.created_before },
    }
    const position = before === undefined ? undefined : ({ direction: 'older', taskId: before } as const)
    const rows = await listPage(tx, filter, { position, limit: ROWS_AT_ONCE })
    return { rows: rows.map(presentListed), last: rows.at(-1)?.task_id }
  },
})

const signalsOf = (asked: Extract<ReportPayload, { subject: 'signals' }>['filter']): Source => ({
  columns: Object.keys(SignalView.shape),
  page: async (tx, before) => {
    const { rows } = await listSignals(SIGNALS, tx, {
      ...{ states: asked.state ?? SIGNAL_STATES, kind: asked.kind, minimumSeverity: asked.minimum_severity },
      ...{ before, limit: ROWS_AT_ONCE },
    })
    return { rows: rows.map(presentSignal), last: rows.at(-1)?.signal_id }
  },
})
