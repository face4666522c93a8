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

/**
 * Raises many signals at once, with ids that the caller chose. One whose cause has a signal that is not resolved is left out.
 */
export async function raiseSignals(
  tx: Tx,
  signals: readonly (NewSignal & { signalId: string | undefined })[],
): Promise<void> {
  if (signals.length === 0) return
  const rows = signals.map(({ signalId, dedupeKey, facts = {}, ...signal }) => ({
    ...{ ...signal, facts, signal_id: signalId, dedupe_key: dedupeKey },
  }))
  await sql`
    insert into signals (tenant_id, signal_id, ${COLUMNS})
    select current_setting('signalbox.tenant_id'), r.signal_id, r.kind, r.subject, r.severity, r.title, r.facts, r.dedupe_key
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      signal_id uuid, kind text, subject text, severity signal_severity, title text, facts jsonb, dedupe_key text)
    on conflict (tenant_id, dedupe_key) where state <> 'resolved' do nothing`.execute(tx)
}

/** Resolves signals whose causes went away, by their ids; those that are resolved stay as they are. */
export async function resolveSignals(tx: Tx, signalIds: readonly string[]): Promise<void> {
  if (signalIds.length === 0) return
  await sql`
    update signals set state = 'resolved', resolved_at = clock_timestamp()
    where signal_id = any(${signalIds}::uuid[]) and state <> 'resolved'`.execute(tx)
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
