import { z } from 'zod'
import { healthCheck } from '../../platform/health/index.ts'
import { countWaiting } from './store/lost-and-waiting.ts'

/** Counting more would cost more and say no more. */
const WAITING_MAX = 10_000
const DEGRADED_AFTER_SECONDS = 300

export const queueCheck = healthCheck({
  name: 'queue',
  critical: true,
  about: `Tasks of all tenants that wait for a worker. Degraded: one that is due has waited for more than ${DEGRADED_AFTER_SECONDS / 60} minutes, because there are too few workers or its tenant has many. Failing: it cannot be told.`,
  fields: {
    waiting: z.int().meta({ description: `Due now or later; ${WAITING_MAX} means that many or more` }),
    oldest_seconds: z.int().meta({ description: 'How long the one that waits longest has been due; 0 when none is' }),
  },
  probe: async (database) => {
    const { waiting, oldest_seconds } = await database.acrossTenants('the queue is that of all tenants', (tx) =>
      countWaiting(tx, WAITING_MAX),
    )
    return { status: oldest_seconds > DEGRADED_AFTER_SECONDS ? 'degraded' : 'ok', waiting, oldest_seconds }
  },
})
