import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { declaredFaults } from './kernel/faults.ts'
import type { Logger } from './kernel/logger.ts'
import type { Database } from './platform/database/index.ts'
import { checkSchema, databaseCheck, HEALTH_STATUSES, type HealthCheck, healthReport } from './platform/health/index.ts'
import { httpFault, platformRoute, type Route, reply } from './platform/http/index.ts'
import type { Metrics } from './platform/telemetry/index.ts'

/** What machines ask a process: is it alive, may it get work, how does it do, and what does that error mean. */
export function operationsRoutes(dependencies: {
  /** Of health checks alone; see `openHealthDatabase`. */
  healthDatabase: Database
  /** What the system depends on besides the database. */
  checks: readonly HealthCheck[]
  logger: Logger
  metrics: Metrics
  isDraining: () => boolean
}): Route[] {
  const { healthDatabase, checks, logger, metrics, isDraining } = dependencies

  const health = (
    operationId: string,
    path: '/health' | '/health/ready',
    summary: string,
    asked: readonly HealthCheck[],
  ) => {
    const report = healthReport(asked, { database: healthDatabase, logger })
    const answer = z.object({
      status: z.enum([...HEALTH_STATUSES, 'draining']),
      checks: z.object(Object.fromEntries(asked.map((check) => [check.name, checkSchema(check)]))),
    })
    return platformRoute({
      ...{ operationId, method: 'GET', path, tag: 'Operations', summary, access: 'public' },
      responses: { 200: answer, 503: answer },
      handle: async () => {
        const found = await report()
        const status = isDraining() ? ('draining' as const) : found.status
        const isServing = status === 'ok' || status === 'degraded'
        return reply(isServing ? 200 : 503, { ...found, status }, { 'cache-control': 'no-store' })
      },
    })
  }

  return [
    platformRoute({
      operationId: 'checkLiveness',
      method: 'GET',
      path: '/health/live',
      tag: 'Operations',
      summary: 'Is the process alive; never touches the database',
      access: 'public',
      responses: { 200: z.object({ status: z.literal('ok') }) },
      handle: async () => reply(200, { status: 'ok' as const }),
    }),
    health('checkReadiness', '/health/ready', 'May the process be given work', [databaseCheck]),
    health('checkHealth', '/health', 'Does the system work, and each thing that it depends on', [
      databaseCheck,
      ...checks,
    ]),
    platformRoute({
      operationId: 'scrapeMetrics',
      method: 'GET',
      path: '/metrics',
      tag: 'Operations',
      summary: 'Metrics in the Prometheus text format',
      access: 'public',
      responses: { 200: z.string() },
      handle: async () => reply(200, await metrics.scrape(), { 'content-type': metrics.contentType }),
    }),
    platformRoute({
      operationId: 'explainError',
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
