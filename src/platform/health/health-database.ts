import { sql } from 'kysely'
import { z } from 'zod'
import type { Logger } from '../../kernel/logger.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { healthCheck } from './health-check.ts'

/** Two, so that one check that hangs does not make the others wait; checks and heartbeats need no more. */
export const HEALTH_CONNECTIONS = 2

/**
 * Connections for health checks and heartbeats alone: with those of the requests, a crowd of requests would look like a
 * database that does not answer. They give up within what a caller of `/health` waits for.
 */
export function openHealthDatabase(options: { url: string; logger: Logger }): Database {
  return openDatabase({
    ...options,
    max: HEALTH_CONNECTIONS,
    purpose: 'health',
    limits: { connectMs: 1_000, statementMs: 1_000, answerMs: 1_200 },
  })
}

export const databaseCheck = healthCheck({
  name: 'database',
  critical: true,
  about: 'Reads a table. Failing: it does not answer within a second, or takes no writes.',
  fields: { latency_ms: z.number().meta({ description: 'From asking for a connection to the answer' }) },
  probe: async (database) => {
    const started = performance.now()
    const { rows } = await database.acrossTenants('a check is about no tenant', (tx) =>
      sql<{ read_only: boolean }>`
        select current_setting('transaction_read_only')::boolean as read_only, count(*) from platform.processes
      `.execute(tx),
    )
    const latency_ms = Math.round((performance.now() - started) * 10) / 10
    return { status: rows[0]?.read_only ? 'failing' : 'ok', latency_ms }
  },
})
