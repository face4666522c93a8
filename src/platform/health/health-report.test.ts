import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { silent } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { createLogger } from '../../kernel/logger.ts'
import type { Database } from '../database/index.ts'
import { checkSchema, type HealthStatus, healthCheck } from './health-check.ts'
import { type HealthReportOptions, healthReport } from './health-report.ts'

const noDatabase = undefined as unknown as Database

/** A check that answers what the test says, and counts how often it was asked. */
function checkOf(name: string, options: { critical?: boolean; answer?: () => Promise<HealthStatus> } = {}) {
  const { critical = true, answer = async () => 'ok' as const } = options
  const asked = { times: 0 }
  const check = healthCheck({
    ...{ name, critical, about: 'of this test', fields: { figure: z.int() } },
    probe: async () => {
      asked.times += 1
      return { status: await answer(), figure: 7 }
    },
  })
  return { check, asked }
}

const hangs = () => new Promise<never>(() => {})
const fails = async () => {
  throw new Error('postgres://somebody:secret-word@db.internal is not there')
}
const report = (
  checks: readonly { check: ReturnType<typeof healthCheck> }[],
  options: Partial<HealthReportOptions> = {},
) =>
  healthReport(
    checks.map(({ check }) => check),
    { database: noDatabase, logger: silent, ...options },
  )

describe('a health report', () => {
  it.each<[HealthStatus, { critical: boolean; status: HealthStatus }[]]>([
    ['ok', [{ critical: true, status: 'ok' }]],
    ['degraded', [{ critical: true, status: 'degraded' }]],
    ['failing', [{ critical: true, status: 'failing' }]],
    ['degraded', [{ critical: false, status: 'failing' }]],
    ['failing', [{ critical: true, status: 'failing' }, ...[{ critical: false, status: 'ok' as const }]]],
  ])('is %s when its checks are %j', async (expected, found) => {
    const checks = found.map(({ critical, status }, n) =>
      checkOf(`check_${n}`, { critical, answer: async () => status }),
    )
    expect((await report(checks)()).status).toBe(expected)
  })

  it('tells of a check that throws that it fails, and not why', async () => {
    const answer = await report([checkOf('good'), checkOf('broken', { answer: fails })])()
    expect(answer).toEqual({
      status: 'failing',
      checks: {
        good: { status: 'ok', critical: true, figure: 7 },
        broken: { status: 'failing', critical: true, figure: null },
      },
    })
  })

  it('logs why, once and not as often as somebody asks', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
    const look = report([checkOf('broken', { answer: fails })], { logger, keptMs: 0 })
    await look()
    await look()
    expect(lines).toEqual([expect.stringContaining('"reason":"broken"')])
  })

  it('answers though a check hangs, with what the others say', async () => {
    const answer = await report([checkOf('hung', { answer: hangs }), checkOf('good')], { budgetMs: 20 })()
    expect(answer.checks).toMatchObject({ hung: { status: 'failing', figure: null }, good: { status: 'ok' } })
  })

  it('does not ask a check again that still hangs, and asks it again afterwards', async () => {
    const first = Promise.withResolvers<HealthStatus>()
    const slow = checkOf('slow', { answer: () => first.promise })
    const look = report([slow], { budgetMs: 20, keptMs: 0 })
    expect((await look()).status).toBe('failing')
    expect((await look()).status).toBe('failing')
    expect(slow.asked.times).toBe(1)
    first.resolve('ok')
    await waitFor('it was never asked again', async () => (await look()).status === 'ok' && slow.asked.times > 1)
  })

  it('is made once for all who ask at the same time, and is kept, a bad one too', async () => {
    const checks = [checkOf('good'), checkOf('broken', { answer: fails })]
    const look = report(checks, { keptMs: 3_600_000 })
    const answers = await Promise.all(Array.from({ length: 100 }, look))
    expect(new Set(answers).size).toBe(1)
    await look()
    expect(checks.map(({ asked }) => asked.times)).toEqual([1, 1])
  })

  it('is made anew when it is older than it may be', async () => {
    const good = checkOf('good')
    const look = report([good], { keptMs: 1 })
    await look()
    await waitFor('the first report was kept for good', async () => {
      await look()
      return good.asked.times > 1
    })
  })
})

describe('the schema of a check', () => {
  it('lets through what the check declares and nothing else', () => {
    const found = { status: 'ok', critical: true, figure: 7, address: 'db.internal' }
    expect(checkSchema(checkOf('good').check).parse(found)).toEqual({ status: 'ok', critical: true, figure: 7 })
  })
})
