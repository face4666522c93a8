import { sql } from 'kysely'
import { z } from 'zod'
import { type HealthCheck, healthCheck } from '../../../platform/health/index.ts'

/** Codes of runs that ended because of the provider; other failures say nothing about it. */
const ITS_FAULT = ['ingestion.provider_unavailable', 'ingestion.provider_refused']

/** Runs that say nothing are passed over, but not without end: this is asked every second. */
const LOOKED_AT = 100

/** A failed run says no more than that about what the provider does now: it may be well, and nobody have asked it. */
const BLAMED_FOR_SECONDS = 3_600

/** What is known of the provider at `connection` without calling it. */
export const providerCheck = (connection: string): HealthCheck =>
  healthCheck({
    name: 'provider',
    critical: true,
    about:
      'The default helpdesk, as far as is known without calling it. Failing: the latest run that ended with success or because of the provider ended because of it, within an hour. Degraded: that is longer ago, or it has asked everybody to pause. A provider that nobody has called is ok.',
    fields: {
      last_run_seconds_ago: z.int().meta({ description: 'When that run ended; null when there was none' }),
      paused_seconds: z.int().meta({ description: 'How long calls still pause because the provider asked for it' }),
    },
    probe: async (database) => {
      const { rows } = await database.acrossTenants('all tenants share the provider', (tx) =>
        sql<{ blamed: boolean | null; seconds_ago: number | null; paused: number }>`
          select latest.status = 'failed' as blamed,
            extract(epoch from clock_timestamp() - latest.ended_at)::integer as seconds_ago,
            greatest(0, coalesce(extract(epoch from (
              select paused_until from platform.outbound_budgets where connection = ${connection}
            ) - clock_timestamp()), 0))::integer as paused
          from (select 1) as always left join lateral (
            select status, ended_at from (
              select status, ended_at, error ->> 'code' as code from tasks
              where kind = 'ingestion.run' and status in ('succeeded', 'failed') and payload ->> 'connector_id' is null
              order by ended_at desc limit ${LOOKED_AT}
            ) as recent
            where status = 'succeeded' or code = any(${ITS_FAULT})
            order by ended_at desc limit 1
          ) as latest on true`.execute(tx),
      )
      const { blamed = null, seconds_ago = null, paused = 0 } = rows[0] ?? {}
      const found = { last_run_seconds_ago: seconds_ago, paused_seconds: paused }
      if (blamed && (seconds_ago ?? 0) < BLAMED_FOR_SECONDS) return { status: 'failing', ...found }
      return { status: blamed || paused > 0 ? 'degraded' : 'ok', ...found }
    },
  })
