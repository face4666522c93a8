import { abortable } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Database } from '../database/index.ts'
import type { CheckResult, HealthCheck, HealthStatus } from './health-check.ts'

export type HealthReport = { status: HealthStatus; checks: Record<string, CheckResult> }

export type HealthReportOptions = {
  /** For health checks alone; see `openHealthDatabase`. */
  database: Database
  logger: Logger
  budgetMs?: number
  keptMs?: number
}

/** Callers are promised an answer within 2 s; what is left is for the way there and back. */
const BUDGET_MS = 1_500
/** A public page may be called as often as somebody likes; the checks run once in this time at the most. */
const KEPT_MS = 1_000

/**
 * The state of `checks`, all looked at at once and answered after `budgetMs` whatever hangs. Callers of one moment share
 * one look, and its result is kept for `keptMs`, a bad one too. Never rejects.
 */
export function healthReport(
  checks: readonly HealthCheck[],
  { keptMs = KEPT_MS, ...options }: HealthReportOptions,
): () => Promise<HealthReport> {
  const looks = checks.map((check) => ({ check, look: lookAt(check, options) }))
  const report = async (): Promise<HealthReport> => {
    const results = await Promise.all(looks.map(async ({ check, look }) => [check.name, await look()] as const))
    return { status: summarize(results.map(([, result]) => result)), checks: Object.fromEntries(results) }
  }
  let kept: { report: Promise<HealthReport>; until: number } | undefined
  return () => {
    if (kept && performance.now() < kept.until) return kept.report
    const current = { report: report(), until: Number.POSITIVE_INFINITY }
    void current.report.then(() => {
      current.until = performance.now() + keptMs
    })
    kept = current
    return current.report
  }
}

/** One look at a check. While an earlier probe hangs no other one is started: they would use up what they wait for. */
function lookAt(
  check: HealthCheck,
  { database, logger, budgetMs = BUDGET_MS }: HealthReportOptions,
): () => Promise<CheckResult> {
  const { name, critical, fields } = check
  const unknown = Object.fromEntries(Object.keys(fields).map((name) => [name, null]))
  let underWay: ReturnType<HealthCheck['probe']> | undefined
  const probe = () => {
    underWay ??= (async () => check.probe(database, AbortSignal.timeout(budgetMs)))().finally(() => {
      underWay = undefined
    })
    return underWay
  }
  let isLost = false
  return () =>
    abortable(probe(), AbortSignal.timeout(budgetMs)).then(
      (finding) => {
        isLost = false
        return { ...finding, critical }
      },
      (err) => {
        // Once, not as often as somebody asks. The public page does not tell the reason.
        if (!isLost) logger.warn({ err, component: 'health', reason: name }, 'a health check got no answer')
        isLost = true
        return { ...unknown, status: 'failing', critical }
      },
    )
}

/** What is not critical may fail: the system goes on without it. */
function summarize(results: readonly CheckResult[]): HealthStatus {
  if (results.some(({ status, critical }) => critical && status === 'failing')) return 'failing'
  return results.every(({ status }) => status === 'ok') ? 'ok' : 'degraded'
}
