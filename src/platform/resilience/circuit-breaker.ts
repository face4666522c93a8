import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { abortable } from '../../kernel/abort.ts'
import { type Database, prepared, type SystemTx, together } from '../database/index.ts'
import type { Admission, CallOutcome, Circuit, CircuitStatus, Permit, Transition } from './circuit.ts'
import * as circuits from './circuit.ts'

/**
 * Circuits that all processes share; one row each. What changes a circuit joins the caller's transaction and locks its row
 * to the end of it, so a permit exists if and only if the work that it was asked for is claimed. Keep those
 * transactions short, and take several circuits in the order of their names.
 */
export type CircuitBreaker = {
  /** Asks to make a call. `probeSeconds`: after that long without an outcome a probe counts as lost; see {@link circuits.admit}. */
  admit(tx: SystemTx, name: string, options: { probeSeconds: number }): Promise<Admission>
  /** Reports how a call ended. Returns the change of state that this made, if any. */
  record(tx: SystemTx, name: string, permit: Permit, outcome: CallOutcome): Promise<Transition | null>
  /** The other side asked for a pause (429): nobody is let through before it is over. It never shortens another one. */
  pause(tx: SystemTx, name: string, seconds: number): Promise<void>
  /** An operator knows better: closed at once, with a clean window and no pause; calls under way have no say any more. */
  reset(tx: SystemTx, name: string): Promise<Transition | null>
  /** The party is gone for good. Outcomes of its last calls are dropped. */
  remove(tx: SystemTx, name: string): Promise<void>
  /** The status of each, in this order, without changing anything. */
  read(tx: SystemTx, names: readonly string[]): Promise<CircuitStatus[]>
  /**
   * Makes one call through the circuit, outside of any transaction. Its signal ends with `signal` and after
   * `timeoutSeconds`: an answer that takes longer is a failure, and so is whatever else `work` throws. When the caller
   * gives up (`signal`), that is no failure of the other side.
   *
   * @throws CircuitOpen without having called; what `work` throws; the database's error when the outcome could not be
   * recorded, though the call was made.
   */
  call<T>(
    database: Database,
    name: string,
    options: { timeoutSeconds: number; signal?: AbortSignal },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>
}

/** Nobody calls that party now. Thrown without a call. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen'
  readonly circuit: string
  /** Not before then is anybody let through. */
  readonly until: Date

  constructor(circuit: string, until: Date) {
    super(`The circuit ${circuit} lets nobody through before ${until.toISOString()}`)
    this.circuit = circuit
    this.until = until
  }
}

/** Thrown into the call, and out of it, when its answer takes too long. */
class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut'
}

/** A probe has to come back and to be recorded before it counts as lost; a connection may take 10 s to be had. */
const PROBE_MARGIN_SECONDS = 15

const REASON = 'a circuit is shared by all tenants'

const COLUMNS = sql.raw(
  'circuit.name, state, generation, outcomes, opened_at, probe, probe_expires_at, paused_until, successes, failures, times_opened, last_failure, last_failure_at, changed_at',
)

/** A row, and the database's time: the clocks of processes differ. */
type Row = Circuit & { now: Date }

/** @param options.now for tests; else the database's clock decides. `openSeconds`: how long nobody calls, 30. */
export function circuitBreaker(options: { now?: () => Date; openSeconds?: number } = {}): CircuitBreaker {
  const openSeconds = options.openSeconds ?? circuits.OPEN_SECONDS
  const timeOf = (row: { now: Date }) => options.now?.() ?? row.now
  const clock = () => sql`coalesce(${options.now?.() ?? null}::timestamptz, clock_timestamp())`

  const admit: CircuitBreaker['admit'] = async (tx, name, { probeSeconds }) => {
    const make = sql`
      insert into platform.circuits (name, changed_at) values (${name}, ${clock()}) on conflict (name) do nothing`
    const [, [row]] = await together(tx, [make, lock(name)])
    // Removed between the two statements.
    if (!row) return admit(tx, name, { probeSeconds })
    const rules = { now: timeOf(row), probeSeconds, openSeconds, newId: randomUUID }
    const { circuit, admission } = circuits.admit(row, rules)
    if (circuit !== row) await store(tx, circuit)
    return admission
  }

  const record: CircuitBreaker['record'] = async (tx, name, permit, outcome) => {
    const [row] = (await lock(name).execute(tx)).rows
    if (!row) return null
    const { circuit, transition } = circuits.record(row, permit, outcome, timeOf(row))
    await store(tx, circuit)
    return transition
  }

  return {
    admit,
    record,

    pause: async (tx, name, seconds) => {
      await sql`
        insert into platform.circuits as circuit (name, changed_at, paused_until)
        values (${name}, ${clock()}, ${clock()} + ${seconds} * interval '1 second')
        on conflict (name) do update set paused_until = greatest(circuit.paused_until, excluded.paused_until)`.execute(
        tx,
      )
    },

    reset: async (tx, name) => {
      const { rows } = await sql<{ from: Transition['from'] }>`
        update platform.circuits set
          state = 'closed', generation = generation + 1, outcomes = '{}', opened_at = null, probe = null,
          probe_expires_at = null, paused_until = null,
          changed_at = case state when 'closed' then changed_at else ${clock()} end
        where name = ${name}
        returning old.state as from`.execute(tx)
      const from = rows[0]?.from ?? 'closed'
      return from === 'closed' ? null : { from, to: 'closed' }
    },

    remove: async (tx, name) => {
      await sql`delete from platform.circuits where name = ${name}`.execute(tx)
    },

    read: async (tx, names) => {
      const { rows } = await sql<Row & { asked: string; is_used: boolean }>`
        select asked.name as asked, circuit.name is not null as is_used, ${COLUMNS}, clock_timestamp() as now
        from unnest(${names}::text[]) with ordinality as asked (name, place)
          left join platform.circuits as circuit on circuit.name = asked.name
        order by asked.place`.execute(tx)
      return rows.map((row) =>
        circuits.describe(row.is_used ? row : circuits.unusedCircuit(row.asked), timeOf(row), openSeconds),
      )
    },

    call: async (database, name, { timeoutSeconds, signal }, work) => {
      signal?.throwIfAborted()
      const probeSeconds = timeoutSeconds + PROBE_MARGIN_SECONDS
      const admission = await database.acrossTenants(REASON, (tx) => admit(tx, name, { probeSeconds }))
      if (admission.kind === 'wait') throw new CircuitOpen(name, admission.until)
      const report = (outcome: CallOutcome) =>
        database.acrossTenants(REASON, (tx) => record(tx, name, admission, outcome))
      const ending = await within(timeoutSeconds, signal, work).then(
        (answer) => ({ answer }),
        (thrown: unknown) => ({ thrown }),
      )
      if ('answer' in ending) {
        await report('succeeded')
        return ending.answer
      }
      const { thrown } = ending
      await report(signal?.aborted ? 'unknown' : { failed: thrown instanceof Error ? thrown.message : String(thrown) })
      throw thrown
    },
  }
}

/** Locks the row before it reads the clock: a caller that waited for the lock would else decide by an old time. */
const lock = (name: string) => sql<Row>`${prepared('lock_circuit')}
  with circuit as materialized (select * from platform.circuits where name = ${name} for update)
  select ${COLUMNS}, clock_timestamp() as now from circuit`

async function store(tx: SystemTx, circuit: Circuit): Promise<void> {
  await sql`${prepared('store_circuit')}
    update platform.circuits set
      state = ${circuit.state}, generation = ${circuit.generation}, outcomes = ${circuit.outcomes}::boolean[],
      opened_at = ${circuit.opened_at}, probe = ${circuit.probe}, probe_expires_at = ${circuit.probe_expires_at},
      paused_until = ${circuit.paused_until}, successes = ${circuit.successes}, failures = ${circuit.failures},
      times_opened = ${circuit.times_opened}, last_failure = ${circuit.last_failure},
      last_failure_at = ${circuit.last_failure_at}, changed_at = ${circuit.changed_at}
    where name = ${circuit.name}`.execute(tx)
}

/** Runs `work` with a signal that ends after `seconds`, and stops waiting then, also when `work` does not listen to it. */
async function within<T>(
  seconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(new CallTimedOut(`no answer within ${seconds} s`)), seconds * 1_000)
  const both = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal
  try {
    return await abortable(work(both), both)
  } finally {
    clearTimeout(timer)
  }
}
