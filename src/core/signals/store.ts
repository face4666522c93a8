import { type RawBuilder, sql } from 'kysely'
import { readWithinBytes, type SystemTx, type Tx } from '../../platform/database/index.ts'
import type { RaisedSignal, Severity, Signal } from './signal.ts'
import { type SignalState, TRANSITIONS, type Transition, UNRESOLVED } from './state.ts'

const COMMON = `signal_id, kind, subject, severity, title, facts, state, raised_at, acknowledged_at, acknowledged_by,
  resolved_at, resolved_by`

/** Signals of tenants and of operators stand in tables of their own, and are handled alike. */
type Table<Row, Scope> = { name: RawBuilder<unknown>; columns: RawBuilder<unknown>; row?: Row; scope?: Scope }
export const SIGNALS: Table<Signal, Tx> = {
  name: sql.raw('signals'),
  columns: sql.raw(`${COMMON}, tenant_id, snoozed_until, change`),
}
export const OPERATOR_SIGNALS: Table<RaisedSignal, SystemTx> = {
  name: sql.raw('platform.operator_signals'),
  columns: sql.raw(COMMON),
}

/** How long a signal is; who raises one decides what it tells. */
const BYTES = sql.raw(`octet_length(title) + octet_length(facts::text) + 600`)
const CHANGES_BYTES_MAX = 256 * 1_024

export type SignalFilter = {
  states: readonly SignalState[]
  /** Any of these. */
  kinds?: readonly string[] | undefined
  minimumSeverity?: Severity | undefined
  subject?: string | undefined
  /** Of a tenant's: leave out those put off until later than this. */
  awakeAt?: Date | undefined
  /** The last id of the page before. */
  before?: string | undefined
  limit: number
}

/** The newest first. */
export async function listSignals<Row, Scope extends Tx | SystemTx>(
  table: Table<Row, Scope>,
  tx: Scope,
  { states, kinds, minimumSeverity, subject, awakeAt, before, limit }: SignalFilter,
): Promise<{ rows: Row[]; found: number }> {
  // Spelled as the index on what is not resolved has it.
  const isUnresolved = states.every((state) => UNRESOLVED.includes(state))
  return readWithinBytes<Row>(tx, {
    ...{ order: sql`signal_id desc`, bytes: BYTES },
    rows: sql`
      select ${table.columns} from ${table.name}
      where state = any(${[...states]}) ${isUnresolved ? sql`and state <> 'resolved'` : sql``}
        ${kinds === undefined ? sql`` : sql`and kind = any(${[...kinds]})`}
        ${minimumSeverity === undefined ? sql`` : sql`and severity >= ${minimumSeverity}::signal_severity`}
        ${subject === undefined ? sql`` : sql`and subject = ${subject}`}
        ${awakeAt === undefined ? sql`` : sql`and (state = 'resolved' or snoozed_until is null or snoozed_until <= ${awakeAt})`}
        ${before === undefined ? sql`` : sql`and signal_id < ${before}`}
      order by signal_id desc limit ${limit}`,
  })
}

export async function findSignal<Row, Scope extends Tx | SystemTx>(
  table: Table<Row, Scope>,
  tx: Scope,
  signalId: string,
): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select ${table.columns} from ${table.name} where signal_id = ${signalId}`.execute(tx)
  return rows[0]
}

export async function findTenantOfSignal(tx: SystemTx, signalId: string): Promise<string | null> {
  const { rows } = await sql<{ tenant_id: string }>`
    select tenant_id from signals where signal_id = ${signalId}`.execute(tx)
  return rows[0]?.tenant_id ?? null
}

/** Makes a transition; undefined when there is no such signal in a state from which it leads. */
export async function changeState<Row, Scope extends Tx | SystemTx>(
  table: Table<Row, Scope>,
  tx: Scope,
  { signalId, transition, by }: { signalId: string; transition: Transition; by: string },
): Promise<Row | undefined> {
  const { from, to } = TRANSITIONS[transition]
  const { rows } = await sql<Row>`
    update ${table.name}
    set state = ${to}, ${sql.raw(`${to}_at`)} = clock_timestamp(), ${sql.raw(`${to}_by`)} = ${by}
    where signal_id = ${signalId} and state = any(${[...from]})
    returning ${table.columns}`.execute(tx)
  return rows[0]
}

/** Puts a signal off, or wakes it; undefined when there is none that is not resolved and put off otherwise. */
export async function snooze(tx: Tx, signalId: string, until: Date | null): Promise<Signal | undefined> {
  const { rows } = await sql<Signal>`
    update signals set snoozed_until = ${until}
    where signal_id = ${signalId} and state = any(${[...UNRESOLVED]}) and snoozed_until is distinct from ${until}
    returning ${SIGNALS.columns}`.execute(tx)
  return rows[0]
}

/** The number of the tenant's last change, 0 before the first: who reads on from there misses nothing that comes. */
export async function lastChange(tx: Tx): Promise<number> {
  const { rows } = await sql<{ change: number | null }>`select max(change) as change from signals`.execute(tx)
  return rows[0]?.change ?? 0
}

/**
 * What changed after a change, as it is now, in the order of the changes; `isAll` when no more than these did. They wait in
 * memory for slow readers, so they have an end by their length, too.
 */
export async function listChangedAfter(
  tx: Tx,
  change: number,
  limit: number,
): Promise<{ changed: Signal[]; isAll: boolean }> {
  const { rows, found } = await readWithinBytes<Signal>(tx, {
    ...{ order: sql`change`, bytes: BYTES, max: CHANGES_BYTES_MAX },
    rows: sql`select ${SIGNALS.columns} from signals where change > ${change} order by change limit ${limit}`,
  })
  return { changed: rows, isAll: found < limit && rows.length === found }
}
