import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../harness/server.ts'
import { OBEDIENT_TABLE, RULES, type Rule } from './rules.ts'

let made: TestDatabase
let client: Client
beforeAll(async () => {
  made = await createDatabase(inject('serverUrl'))
  client = new Client({ connectionString: made.url })
  await client.connect()
})
afterAll(async () => {
  await client?.end()
  await made?.drop()
})

async function violations(rule: Rule): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(rule.violations)
  return rows.map(({ what }) => what)
}

/** Looks at the database as it would be after `change`, and takes the change back. */
async function supposing<T>(change: string, look: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    await client.query(change)
    return await look()
  } finally {
    await client.query('rollback')
  }
}

describe('the migrated database', () => {
  it.each(RULES)('$rule', async (rule) => {
    expect(await violations(rule)).toEqual([])
  })
})

describe('the check', () => {
  it('is silent about a table that obeys every rule', async () => {
    const found = await supposing(OBEDIENT_TABLE, async () => {
      const all: string[] = []
      for (const rule of RULES) all.push(...(await violations(rule)))
      return all
    })
    expect(found).toEqual([])
  })

  it.each(RULES)('bites when this is broken: $rule', async (rule) => {
    const found = await supposing(`${OBEDIENT_TABLE}; ${rule.planted}`, () => violations(rule))
    expect(found).toHaveLength(1)
  })
})
