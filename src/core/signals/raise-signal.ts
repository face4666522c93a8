import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import type { NewSignal } from './signal.ts'

/**
 * Raises a signal of the transaction's tenant, in the transaction of its cause. Returns its id; null when one of the same
 * cause is not resolved yet, which stays as it is.
 */
export async function raiseSignal(tx: Tx, signal: NewSignal): Promise<string | null> {
  const { rows } = await sql<{ signal_id: string }>`
    insert into signals (tenant_id, ${COLUMNS})
    values (current_setting('signalbox.tenant_id'), ${valuesOf(signal)})
    on conflict (tenant_id, dedupe_key) where state <> 'resolved' do nothing
    returning signal_id`.execute(tx)
  return rows[0]?.signal_id ?? null
}

/** Resolves the signal of a cause that went away. Returns its id; null when there is none that is not resolved. */
export const resolveSignal = (tx: Tx, dedupeKey: string): Promise<string | null> => resolveIn('signals', tx, dedupeKey)

/** Like {@link raiseSignal}, for operators of the platform, about what belongs to no tenant. */
export async function raiseOperatorSignal(tx: SystemTx, signal: NewSignal): Promise<string | null> {
  const { rows } = await sql<{ signal_id: string }>`
    insert into platform.operator_signals (${COLUMNS})
    values (${valuesOf(signal)})
    on conflict (dedupe_key) where state <> 'resolved' do nothing
    returning signal_id`.execute(tx)
  return rows[0]?.signal_id ?? null
}

export const resolveOperatorSignal = (tx: SystemTx, dedupeKey: string): Promise<string | null> =>
  resolveIn('platform.operator_signals', tx, dedupeKey)

const COLUMNS = sql.raw('kind, subject, severity, title, facts, dedupe_key')

const valuesOf = ({ kind, subject, severity, title, facts = {}, dedupeKey }: NewSignal) =>
  sql`${kind}, ${subject}, ${severity}, ${title}, ${JSON.stringify(facts)}, ${dedupeKey}`

async function resolveIn(table: string, tx: Tx | SystemTx, dedupeKey: string): Promise<string | null> {
  const { rows } = await sql<{ signal_id: string }>`
    update ${sql.raw(table)} set state = 'resolved', resolved_at = clock_timestamp()
    where dedupe_key = ${dedupeKey} and state <> 'resolved'
    returning signal_id`.execute(tx)
  return rows[0]?.signal_id ?? null
}
