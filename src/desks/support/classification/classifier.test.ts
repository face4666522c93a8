import { beforeEach, describe, expect, it } from 'vitest'
import { administer } from '../../../../test/harness/server.ts'
import { testTasks } from '../../../../test/harness/tasks.ts'
import { createLogger } from '../../../kernel/logger.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openClassifier } from './classifier.ts'
import { REPORTED_TERMS } from './hostile-terms.fixture.ts'

const TENANT = tenantId('alder')
const { db } = testTasks([TENANT])

const statement = (text: string, values: unknown[] = []) => administer(db.url, (client) => client.query(text, values))
/** As it may have been stored by an earlier release. */
const store = (terms: readonly string[]) =>
  statement(
    `insert into rule_overrides (tenant_id, document, updated_by) values ($1, $2, 'person:ada')
     on conflict (tenant_id) do update set document = excluded.document`,
    [TENANT, JSON.stringify({ concepts: { fraud: { add: { any: terms } } } })],
  )
const scene = () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } })
  const classifier = openClassifier(db.database, logger)
  return { classifier, lines, currentRules: () => db.database.withTenant(TENANT, classifier.currentRules) }
}

beforeEach(() => statement('delete from rule_overrides'))

describe('rules that a tenant has stored', () => {
  it('are compiled once while nothing changes, and anew when they do', async () => {
    const { currentRules, classifier } = scene()
    expect((await currentRules()).version).toBe(classifier.base.version)
    await store(['conveyor ~3 stopped'])
    const first = await currentRules()
    expect(first.version).toMatch(/\+/)
    expect(await currentRules()).toBe(first)
    expect(await classifier.rulesOf(TENANT)).toBe(first)
    await store(['conveyor ~2 stopped'])
    expect((await currentRules()).version).not.toBe(first.version)
  })

  it('are checked for what they cost also where they were stored before there was a bound: the shipped ones serve', async () => {
    await store(REPORTED_TERMS)
    const { currentRules, classifier, lines } = scene()
    for (let time = 0; time < 3; time++) expect((await currentRules()).version).toBe(classifier.base.version)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      ...{ level: 'warn', tenant_id: TENANT, err: { message: expect.stringContaining('64 at most') } },
    })
  })
})
