import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Answer, call } from '../harness/call.ts'
import { ownPostgres } from '../harness/own-postgres.ts'
import { createDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, type SystemProcess, spawnSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

type Health = { status: string; checks: Record<string, { status: string; critical: boolean }> }

let postgres: Awaited<ReturnType<typeof ownPostgres>>
beforeAll(async () => {
  postgres = await ownPostgres()
})
afterAll(() => postgres?.close())

async function startSystem(): Promise<SystemProcess> {
  const made = await createDatabase(postgres.url)
  const system = await spawnSystem(made.url)
  onTestFinished(async () => {
    system.kill('SIGKILL')
    await system.exited
    await made.drop()
  })
  await call(`${system.url}/tenants`, { method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id: 'a', name: 'A' } })
  return system
}

/** Callers of health routes are promised an answer within 2 s; the test machine gets more, but less than what hangs takes. */
const ask = (system: SystemProcess, path: string): Promise<Answer<Health>> =>
  call<Health>(system.url + path, { signal: AbortSignal.timeout(10_000) })
async function healthBecomes(system: SystemProcess, status: number): Promise<Answer<Health>> {
  const found = await waitFor(`health never answered ${status}`, async () => {
    const answer = await ask(system, '/health').catch((late: Error) => late)
    return answer instanceof Error || answer.status === status ? answer : undefined
  })
  // An answer that does not come in time fails the test: it is not one to wait for.
  if (found instanceof Error) throw found
  return found
}
const isWell = (system: SystemProcess) =>
  waitFor('health was never ok', async () => (await ask(system, '/health')).body.status === 'ok')
const tickets = (system: SystemProcess) => call(`${system.url}/tickets?tenant_id=a`, { token: OPERATOR_TOKEN })

const OUT = { database: { status: 'failing', critical: true, latency_ms: null } }

describe('while PostgreSQL is down', () => {
  it('health and readiness answer 503, liveness 200 and requests 503 with a problem; all is well again when it is back, without a restart of ours', async () => {
    const system = await startSystem()
    await isWell(system)
    expect((await tickets(system)).status).toBe(200)

    await postgres.stop('immediate')
    expect((await healthBecomes(system, 503)).body).toMatchObject({ status: 'failing', checks: OUT })
    const ready = await ask(system, '/health/ready')
    expect([ready.status, ready.body]).toEqual([503, { status: 'failing', checks: OUT }])
    expect((await ask(system, '/health/live')).status).toBe(200)
    expect((await ask(system, '/metrics')).status).toBe(200)
    const refused = await tickets(system)
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
      ...[503, 'database.unavailable', '5'],
    ])
    // Where the database is and why it cannot be reached is in the log, not on a public page.
    expect((await ask(system, '/health')).text).not.toMatch(/127\.0\.0\.1|ECONN|postgres/i)

    await postgres.start()
    await isWell(system)
    expect((await tickets(system)).status).toBe(200)
    expect(await system.stop()).toEqual({ code: 0, signal: null })
  })
})

describe('while PostgreSQL takes connections and answers nothing', () => {
  it('each call of a health route is answered within 2 s; all is well when it goes on', async () => {
    const system = await startSystem()
    await healthBecomes(system, 200)
    postgres.freeze()
    try {
      await healthBecomes(system, 503)
      // Again and again: what hung before must not make the next one wait, nor use up the connections.
      for (let n = 0; n < 4; n += 1) {
        const answers = await Promise.all([
          ask(system, '/health'),
          ask(system, '/health/ready'),
          ask(system, '/metrics'),
        ])
        expect(answers.map(({ status }) => status)).toEqual([503, 503, 200])
        expect((await ask(system, '/health/live')).status).toBe(200)
      }
    } finally {
      postgres.thaw()
    }
    await healthBecomes(system, 200)
    expect((await tickets(system)).status).toBe(200)
  })
})
