import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Answer, call } from '../harness/call.ts'
import { administer, createDatabase, type TestDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const TENANT = 'tenant_a'
const REQUESTS = 400
/** Of the smallest pool two connections serve, for which forty may wait; with room for what the process does besides. */
const LET_IN_MAX = 60

let made: TestDatabase
beforeAll(async () => {
  made = await createDatabase(inject('serverUrl'))
})
afterAll(() => made.drop())

describe('a process that gets more requests than its connections can take', () => {
  it('refuses at once what would wait too long, answers all else, keeps answering health, and serves again afterwards', async () => {
    const system = await spawnSystem(made.url, { DATABASE_POOL_SIZE: '12' })
    const tickets = () => call(`${system.url}/tickets?tenant_id=${TENANT}`, { token: OPERATOR_TOKEN })
    await call(`${system.url}/tenants`, {
      method: 'POST',
      token: OPERATOR_TOKEN,
      body: { tenant_id: TENANT, name: 'A' },
    })
    expect((await tickets()).status).toBe(200)

    const answers: Answer[] = []
    const isRefused = ({ body }: Answer) => body.code === 'http.overloaded'
    const asked: Promise<number>[] = []
    await administer(made.url, async (holder) => {
      await holder.query('begin; lock table tickets in access exclusive mode')
      for (let n = 0; n < REQUESTS; n += 1) asked.push(tickets().then((answer) => answers.push(answer)))
      await waitFor('too many requests were let in', () => answers.length >= REQUESTS - LET_IN_MAX)
      // Nothing was answered yet that was let in: the table is locked.
      expect(answers.every(isRefused)).toBe(true)
      expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual(
        answers.map(() => [503, '1']),
      )
      const paths = ['/health/live', '/health/ready', '/health', '/metrics', '/errors/http.overloaded']
      const others = await Promise.all(
        paths.map((path) => call(system.url + path, { signal: AbortSignal.timeout(10_000) })),
      )
      expect(others.map(({ status }) => status)).toEqual(paths.map(() => 200))
      const waiting = /^signalbox_database_waiting (\d+)$/m.exec(others[3]?.text ?? '')?.[1]
      expect(Number(waiting)).toBeLessThanOrEqual(LET_IN_MAX)
      await holder.query('rollback')
    })
    await Promise.all(asked)
    // All that were let in were answered; nobody was forgotten.
    expect(answers).toHaveLength(REQUESTS)
    const letIn = answers.filter((answer) => !isRefused(answer))
    expect(letIn.length).toBeGreaterThan(0)
    expect(letIn.map(({ status }) => status)).toEqual(letIn.map(() => 200))
    expect((await tickets()).status).toBe(200)
    expect(await system.stop()).toEqual({ code: 0, signal: null })
  })
})
