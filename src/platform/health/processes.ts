import { sql } from 'kysely'
import { z } from 'zod'
import type { ProcessRole } from '../../kernel/config.ts'
import type { Logger } from '../../kernel/logger.ts'
import { repeat } from '../../kernel/repeat.ts'
import type { Database } from '../database/index.ts'
import { healthCheck } from './health-check.ts'

const SEEN_EVERY_SECONDS = 5
/** Several heartbeats, so that one that is late or lost takes no worker for dead. */
const ALIVE_WITHIN_SECONDS = 30

const REASON = 'processes are not about tenants'

export type ProcessIdentity = {
  processId: string
  roles: readonly ProcessRole[]
  version: string
  /** Kinds of tasks that it works; none without the role `worker`. */
  kinds?: readonly string[]
}

/**
 * Tells all processes that this one lives, now and every few seconds until stopped. Resolves when it is known, so that
 * a process that is asked for its health as soon as it serves finds itself.
 */
export async function startHeartbeat(
  database: Database,
  { processId, roles, version, kinds = [] }: ProcessIdentity,
  logger: Logger,
): Promise<{ stop(): Promise<void> }> {
  // An insert each time: a process that slept for days finds its row gone.
  const beat = () =>
    database.acrossTenants(REASON, (tx) =>
      sql`
        insert into platform.processes (process_id, roles, version, kinds)
        values (${processId}, ${[...roles]}, ${version}, ${[...kinds]})
        on conflict (process_id) do update set seen_at = clock_timestamp()`.execute(tx),
    )
  await beat()
  const beating = repeat({
    everySeconds: SEEN_EVERY_SECONDS,
    work: async () => {
      await beat()
      return undefined
    },
    onError: (err) => logger.warn({ err, component: 'heartbeat' }, 'could not say that this process lives'),
  })
  let stopped: Promise<void> | undefined
  const sayGoodbye = async () => {
    await beating.stop()
    await database
      .acrossTenants(REASON, (tx) =>
        sql`
          update platform.processes set stopped_at = clock_timestamp(), seen_at = clock_timestamp()
          where process_id = ${processId}`.execute(tx),
      )
      .catch((err) => logger.debug({ err, component: 'heartbeat' }, 'stopped without saying so'))
  }
  return { stop: () => (stopped ??= sayGoodbye()) }
}

export const workersCheck = healthCheck({
  name: 'workers',
  critical: true,
  about: `Processes with the role worker, whichever process is asked. Failing: none has been seen for ${ALIVE_WITHIN_SECONDS} s. Degraded: the last one stopped within that time, as it does when it is restarted.`,
  fields: {
    alive: z.int().meta({ description: `Seen within ${ALIVE_WITHIN_SECONDS} s and not stopped` }),
    last_seen_seconds_ago: z.int().meta({ description: 'Of the one that was seen last; null when there was none' }),
  },
  probe: async (database) => {
    const { rows } = await database.acrossTenants(REASON, (tx) =>
      sql<{ alive: number; seconds_ago: number | null }>`
        select extract(epoch from clock_timestamp() - max(seen_at))::integer as seconds_ago,
          count(*) filter (
            where stopped_at is null and seen_at > clock_timestamp() - ${ALIVE_WITHIN_SECONDS} * interval '1 second'
          ) as alive
        from platform.processes where 'worker' = any(roles)`.execute(tx),
    )
    const { alive = 0, seconds_ago = null } = rows[0] ?? {}
    const found = { alive, last_seen_seconds_ago: seconds_ago }
    if (alive > 0) return { status: 'ok', ...found }
    return { status: seconds_ago !== null && seconds_ago <= ALIVE_WITHIN_SECONDS ? 'degraded' : 'failing', ...found }
  },
})
