import { sql } from 'kysely'
import { sleep } from '../../kernel/abort.ts'
import { type Database, prepared } from '../database/index.ts'

export type OutboundBudget = {
  /** Resolves when the next call may leave. Rejects with the signal's reason, and gives the place back. */
  take(signal: AbortSignal): Promise<void>
  /** The other side asked for a pause (429): nobody's call leaves before it is over. */
  pause(seconds: number): Promise<void>
}

/**
 * Added to the window. A call is counted by the other side when it arrives, not when it leaves: without the margin, one
 * that was slow on its way and a fast one a window later would fall into the same window there.
 */
const MARGIN_SECONDS = 0.5
/** A caller that wakes up later than this after its place moves the place, so that the count stays true. */
const LATE_MS = 100
/** A caller that is this late would meet those whose places come after its own: it asks for another place. */
const TOO_LATE_MS = (MARGIN_SECONDS * 1_000) / 2

const REASON = 'the other side counts the calls of all tenants together'

/**
 * A sliding-window limit shared by all processes: never more than `limit` calls leave in any `windowSeconds`, and no
 * call waits while one could leave. A place is reserved by one statement on one row, whose lock puts the callers into a
 * queue; as each asks for one call at a time, one with much to do does not starve one with little.
 */
export function outboundBudget(options: {
  database: Database
  /** Who counts, e.g. the address of the provider. */
  connection: string
  limit: number
  windowSeconds: number
}): OutboundBudget {
  const { database, connection, limit, windowSeconds } = options
  const spacing = windowSeconds + MARGIN_SECONDS

  const reserve = async () => {
    // What is older than the window goes: with a wide limit each call would write a long list anew.
    const reservation = sql<{ place: string; wait_ms: number }>`${prepared('reserve_outbound')}
      insert into platform.outbound_budgets as budget (connection, granted)
      values (${connection}, array[clock_timestamp()])
      on conflict (connection) do update set granted =
        budget.granted[greatest(cardinality(budget.granted) - ${limit}::int + 2,
                                width_bucket(clock_timestamp() - ${spacing} * interval '1 second', budget.granted) + 1) :]
        || greatest(clock_timestamp(), budget.paused_until,
                    budget.granted[cardinality(budget.granted)] + interval '1 microsecond',
                    budget.granted[cardinality(budget.granted) - ${limit}::int + 1] + ${spacing} * interval '1 second')
      returning granted[cardinality(granted)]::text as place,
        extract(epoch from granted[cardinality(granted)] - clock_timestamp())::float8 * 1000 as wait_ms`
    const [[reserved]] = await database.acrossTenantsAtOnce(REASON, [reservation])
    if (!reserved) throw new Error('the reservation returned no place')
    return reserved
  }

  /** Whether a pause that was asked for after the place was reserved covers it. */
  const isPaused = (place: string) =>
    database.acrossTenants(REASON, async (tx) => {
      const { rows } = await sql`
        select 1 from platform.outbound_budgets
        where connection = ${connection} and paused_until > ${place}::timestamptz`.execute(tx)
      return rows.length === 1
    })

  /** Takes a place out, which is there once: no two are equal. With `moved`, puts the call where it really is. */
  const change = (place: string, moved: boolean) =>
    database.acrossTenants(REASON, (tx) =>
      sql`
        update platform.outbound_budgets set granted = array(
          select at from unnest(array_remove(granted, ${place}::timestamptz)
            || case when ${moved} then array[clock_timestamp()] else '{}' end) as at order by at)
        where connection = ${connection}`.execute(tx),
    )

  const take = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    const { place, wait_ms } = await reserve()
    if (wait_ms <= 0) return
    const wakeAt = performance.now() + wait_ms
    try {
      await sleep(wait_ms, signal)
    } catch (error) {
      await change(place, false)
      throw error
    }
    if ((await isPaused(place)) || performance.now() - wakeAt > TOO_LATE_MS) {
      await change(place, false)
      return take(signal)
    }
    if (performance.now() - wakeAt > LATE_MS) await change(place, true)
  }

  return {
    take,

    pause: async (seconds) => {
      await database.acrossTenants(REASON, (tx) =>
        sql`
          update platform.outbound_budgets
          set paused_until = greatest(paused_until, clock_timestamp() + ${seconds} * interval '1 second')
          where connection = ${connection}`.execute(tx),
      )
    },
  }
}
