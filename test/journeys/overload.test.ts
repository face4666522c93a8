import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Answer, call } from '../harness/call.ts'
import { administer, createDatabase, type TestDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const TENANT = 'tenant_a'
const REQUESTS = 200
/** Of the smallest pool four connections serve, for which eighty may wait; with room for what the process does besides. */
const LET_IN_MAX = 110

let made: TestDatabase
beforeAll(async () => {
  made = await createDatabase(inject('serverUrl'))
})
afterAll(() => made.drop())

describe('a process that gets more requests than its connections can take', () => {
  it('refuses at once what would wait too long, answers all else, keeps answering health, and serves again afterwards', async () => {
    const system = await spawnSystem(made.url, { DATABASE_POOL_SIZE: '12' })
    // A list that the counters alone cannot answer.
    const path = `/tickets?tenant_id=${TENANT}&customer_id=cust_1`
    const tickets = () => call(system.url + path, { token: OPERATOR_TOKEN })
    await call(`${system.url}/tenants`, {
      method: 'POST',
      token: OPERATOR_TOKEN,
      body: { tenant_id: TENANT, name: 'A' },
    })
    expect((await tickets()).status).toBe(200)

    const answers: Answer[] = []
    const isRefused = ({ body }: Answer) => body.code === 'http.overloaded'
    /** It was let in, and its time was up before the table was free: on a slow machine. */
    const isGivenUp = ({ status, body }: Answer) => status === 503 && body.code === 'database.unavailable'
    const asked: Promise<number>[] = []
    await administer(made.url, async (holder) => {
      await holder.query('begin; lock table tickets in access exclusive mode')
      for (let n = 0; n < REQUESTS; n += 1) asked.push(tickets().then((answer) => answers.push(answer)))
      const refused = await waitFor('too many requests were let in', () => {
        const found = answers.filter(isRefused)
        return found.length >= REQUESTS - LET_IN_MAX && found
      })
      // Nothing has come through that was let in: the table is locked.
      expect(answers.every((answer) => isRefused(answer) || isGivenUp(answer))).toBe(true)
      expect(refused.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual(
        refused.map(() => [503, '1']),
      )
      const paths = ['/health/live', '/health/ready', '/health', '/metrics', '/errors/http.overloaded']
      // Health asks again when a check had no answer within its second; an answer that does not come fails the test.
      const answered = (path: string) =>
        waitFor(`${path} never answered 200`, async () => {
          const answer = await call(system.url + path, { signal: AbortSignal.timeout(10_000) })
          return answer.status === 200 && answer
        })
      const others = await Promise.all(paths.map(answered))
      const waiting = /^signalbox_database_waiting (\d+)$/m.exec(others[3]?.text ?? '')?.[1]
      expect(Number(waiting)).toBeLessThanOrEqual(LET_IN_MAX)
      await holder.query('rollback')
    })
    await Promise.all(asked)
    // All that were let in were answered; nobody was forgotten.
    expect(answers).toHaveLength(REQUESTS)
    const letIn = answers.filter((answer) => !isRefused(answer))
    expect(letIn.length).toBeGreaterThan(0)
    expect(letIn.filter(({ status }) => status !== 200).every(isGivenUp)).toBe(true)
    expect((await tickets()).status).toBe(200)
    expect(await system.stop()).toEqual({ code: 0, signal: null })
  })
})
