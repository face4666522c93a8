import { removals } from '../../src/core/retention/index.ts'
import type { Database } from '../../src/platform/database/index.ts'
import type { RetentionByTable } from '../../src/platform/upkeep/index.ts'

/** Removes what these tables have kept long enough, as the upkeep does; returns how many rows. */
export async function removeOld(database: Database, retention: RetentionByTable): Promise<number> {
  let rows = 0
  for (const { run } of removals(database, retention)) {
    const round = await run(AbortSignal.timeout(60_000))
    rows += round.rows
  }
  return rows
}
