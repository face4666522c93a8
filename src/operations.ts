import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { abortable } from './kernel/abort.ts'
import { declaredFaults } from './kernel/faults.ts'
import type { Database } from './platform/database/index.ts'
import { httpFault, platformRoute, type Route, reply } from './platform/http/index.ts'
import type { Metrics } from './platform/telemetry/index.ts'

const PROBE_TIMEOUT_MS = 2_000

const Check = z.object({ status: z.enum(['ok', 'failing']), latency_ms: z.number().nullable() })
const Health = z.object({ status: z.enum(['ok', 'failing', 'draining']), checks: z.record(z.string(), Check) })

/** What machines ask a process: is it alive, may it get work, how does it do, and what does that error mean. */
export function operationsRoutes(dependencies: {
  database: Database
  metrics: Metrics
  isDraining: () => boolean
}): Route[] {
  const { database, metrics, isDraining } = dependencies

  const readiness = async () => {
    const check = await probeDatabase(database)
    const status = isDraining() ? ('draining' as const) : check.status
    return reply(status === 'ok' ? 200 : 503, { status, checks: { database: check } })
  }
  const health = (path: '/health' | '/health/ready', summary: string) =>
    platformRoute({
      method: 'GET',
      path,
      tag: 'Operations',
      summary,
      access: 'public',
      responses: { 200: Health, 503: Health },
      handle: readiness,
    })

  return [
    platformRoute({
      method: 'GET',
      path: '/health/live',
      tag: 'Operations',
      summary: 'Is the process alive; never touches the database',
      access: 'public',
      responses: { 200: z.object({ status: z.literal('ok') }) },
      handle: async () => reply(200, { status: 'ok' as const }),
    }),
    health('/health/ready', 'May the process be given work'),
    health('/health', 'Does the system work'),
    platformRoute({
      method: 'GET',
      path: '/metrics',
      tag: 'Operations',
      summary: 'Metrics in the Prometheus text format',
      access: 'public',
      responses: { 200: z.string() },
      handle: async () => reply(200, await metrics.scrape(), { 'content-type': metrics.contentType }),
    }),
    platformRoute({
      method: 'GET',
      path: '/errors/:code',
      tag: 'Operations',
      summary: 'What an error code means and what to do',
      access: 'public',
      params: z.strictObject({ code: z.string().max(100) }),
      responses: { 200: z.string() },
      handle: async ({ params: { code } }) => {
        // Only declared codes become a path, so no other file can be asked for.
        if (!declaredFaults().has(code)) {
          throw httpFault('http.route_not_found', {
            public: 'There is no such error code.',
            internal: 'unknown error code asked for',
          })
        }
        const page = await readFile(new URL(`../docs/errors/${code}.md`, import.meta.url), 'utf8')
        return reply(200, page, { 'content-type': 'text/markdown; charset=utf-8' })
      },
    }),
  ]
}

async function probeDatabase(database: Database): Promise<z.output<typeof Check>> {
  const started = performance.now()
  try {
    const ping = database.acrossTenants('a ping is about no tenant', (tx) => sql`select 1`.execute(tx))
    await abortable(ping, AbortSignal.timeout(PROBE_TIMEOUT_MS))
    return { status: 'ok', latency_ms: Math.round((performance.now() - started) * 10) / 10 }
  } catch {
    // The reason is in the log of whoever needed the database; a public page does not tell it.
    return { status: 'failing', latency_ms: null }
  }
}
