import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { testDatabase } from '../../../test/harness/database.ts'
import { openAllowances } from '../../platform/resilience/index.ts'
import { type Attempt, attemptLimit } from './attempt-limit.ts'
import type { Known } from './known-device.ts'

const db = testDatabase({ max: 8 })
let accounts = 0
const somebody = (): Attempt => ({ address: `192.0.2.${++accounts}`, email: `person-${accounts}@example.com` })

/** A process; `known` says from where an account was signed in to before. */
const open = (known: (attempt: Attempt) => Known = () => null) =>
  attemptLimit({ allowances: openAllowances(db.database), identity: { isKnown: async (attempt) => known(attempt) } })
/** How many of these attempts may be made. */
const allowed = async (attempts: readonly Attempt[], limit = open()) => {
  const taken = await Promise.all(attempts.map((attempt) => limit.take(attempt)))
  return taken.filter(({ waitSeconds }) => waitSeconds === null).length
}
const times = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))
const passed = (seconds: number) =>
  db.database.acrossTenants('the test moves time', (tx) =>
    sql`update platform.allowances set used_until = used_until - ${seconds} * interval '1 second'`.execute(tx),
  )

describe('the limit of wrong passwords', () => {
  test('lets 10 through for one account at one place, over all processes, and then one in 20 s', async () => {
    const ada = somebody()
    const processes = [open(), open(), open()]
    const made = await Promise.all(processes.map((process) => allowed(Array(10).fill(ada), process)))
    expect(made.reduce((sum, each) => sum + each)).toBe(10)
    expect(await open().take(ada)).toEqual({ waitSeconds: expect.any(Number) })
    await passed(20)
    expect(await allowed([ada, ada, ada])).toBe(1)
  })

  test('counts attempts under way, so that many at once do not slip through', async () => {
    const ada = somebody()
    expect(await allowed(times(30, () => ada))).toBe(10)
  })

  test('is not used up by right passwords', async () => {
    const [ada, limit] = [somebody(), open()]
    for (let index = 0; index < 40; index += 1) {
      const taken = await limit.take(ada)
      expect(taken.waitSeconds).toBeNull()
      if (taken.waitSeconds === null) await taken.forgive()
    }
  })

  test('does not let one place try one password on everybody', async () => {
    const { address } = somebody()
    expect(await allowed(times(80, (index) => ({ address, email: `other-${index}@example.com` })))).toBe(50)
  })

  test('takes the addresses of one IPv6 subscriber for one place', async () => {
    const { email } = somebody()
    expect(await allowed(times(30, (index) => ({ email, address: `2001:db8:7:7::${index + 1}` })))).toBe(10)
  })

  test('does not let many places together try one account without end', async () => {
    const { email } = somebody()
    const attempts = times(120, (index) => ({ email, address: `198.51.100.${index}` }))
    expect(await allowed(attempts)).toBe(50)
  })

  test('holds up nobody where the account was signed in to before, whoever else tries from elsewhere', async () => {
    const ada = somebody()
    const limit = open(({ address }) => (address === ada.address ? 'address' : null))
    await allowed(
      times(120, (index) => ({ ...ada, address: `203.0.113.${index}` })),
      limit,
    )
    expect(await allowed([{ ...ada, address: '203.0.113.250' }], limit)).toBe(0)
    expect(await allowed([ada], limit)).toBe(1)
  })

  test('holds up nobody in a browser where the account was signed in to before, whoever else tries beside it', async () => {
    const ada = somebody()
    const limit = open(({ device }) => (device === 'hers' ? 'device' : 'address'))
    await allowed(
      times(60, () => ada),
      limit,
    )
    await allowed(
      times(60, (index) => ({ ...ada, email: `other-${index}@example.com` })),
      limit,
    )
    expect(await allowed([ada, { ...ada, device: 'made up' }], limit)).toBe(0)
    expect(
      await allowed(
        times(30, () => ({ ...ada, device: 'hers' })),
        limit,
      ),
    ).toBe(10)
  })

  test('that is over at one place does not reach another one', async () => {
    const ada = somebody()
    await allowed(times(40, () => ada))
    expect(await allowed([{ ...ada, address: '198.51.100.7' }])).toBe(1)
  })
})
