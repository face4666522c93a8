import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/harness/database.ts'
import { removeOld } from '../../../test/harness/remove-old.ts'
import { openAllowances } from './allowances.ts'
import { resilienceRetention } from './index.ts'

const db = testDatabase({ max: 10 })
let next = 0
const named = (burst: number, everySeconds = 3_600) => ({ name: `test ${++next} ada@example.com`, burst, everySeconds })
/** A handle stands for a process. */
const open = () => openAllowances(db.database)
const system = <Row>(statement: ReturnType<typeof sql<Row>>) =>
  db.database.acrossTenants('the test moves time', async (tx) => (await statement.execute(tx)).rows)
const passed = (seconds: number) =>
  system(sql`update platform.allowances set used_until = used_until - ${seconds} * interval '1 second'`)

describe('an allowance', () => {
  it('lets as many through at once as its burst, over all processes, and says when the next may come', async () => {
    const allowance = named(5)
    const answers = await Promise.all(Array.from({ length: 30 }, () => open().take([allowance])))
    expect(answers.filter((wait) => wait === null)).toHaveLength(5)
    for (const wait of answers.filter((each) => each !== null)) expect([3_599, 3_600]).toContain(wait)
  })

  it('comes back one by one, and never to more than its burst', async () => {
    const allowance = named(2)
    for (let use = 0; use < 2; use += 1) expect(await open().take([allowance])).toBeNull()
    await passed(3_600)
    expect(await open().take([allowance])).toBeNull()
    expect(await open().take([allowance])).not.toBeNull()
    await passed(100 * 3_600)
    const answers = []
    for (let use = 0; use < 4; use += 1) answers.push((await open().take([allowance])) === null)
    expect(answers).toEqual([true, true, false, false])
  })

  it('is not charged for what another one refuses, nor for what it refuses itself', async () => {
    const [narrow, wide] = [named(1), named(3)]
    expect(await open().take([narrow, wide])).toBeNull()
    for (let use = 0; use < 10; use += 1) expect(await open().take([narrow, wide])).not.toBeNull()
    expect(await open().take([wide])).toBeNull()
    expect(await open().take([wide])).toBeNull()
    expect(await open().take([wide])).not.toBeNull()
    await passed(3_600)
    expect(await open().take([narrow])).toBeNull()
  })

  it('that was given back is there again', async () => {
    const [allowance, process] = [named(1), open()]
    expect(await process.take([allowance])).toBeNull()
    expect(await process.take([allowance])).not.toBeNull()
    await process.giveBack([allowance])
    expect(await process.take([allowance])).toBeNull()
  })

  it('that is used up refuses without asking the database again', async () => {
    const allowance = named(1)
    let transactions = 0
    const counting = {
      ...db.database,
      acrossTenants: (...asked: Parameters<typeof db.database.acrossTenants>) => {
        transactions += 1
        return db.database.acrossTenants(...asked)
      },
    } as typeof db.database
    const process = openAllowances(counting)
    await process.take([allowance])
    for (let use = 0; use < 50; use += 1) expect(await process.take([allowance])).toBeGreaterThan(3_000)
    expect(transactions).toBe(2)
  })

  it('is kept without its name, and forgotten once it is as good as unused', async () => {
    const allowance = named(1)
    await open().take([allowance])
    const rows = await system(sql<{ text: string }>`select a::text as text from platform.allowances a`)
    expect(rows.map(({ text }) => text).join()).not.toContain('ada')
    await passed(100 * 3_600)
    expect(await removeOld(db.database, resilienceRetention)).toBeGreaterThan(0)
    expect(await system(sql`select from platform.allowances`)).toEqual([])
    expect(await open().take([allowance])).toBeNull()
  })
})
