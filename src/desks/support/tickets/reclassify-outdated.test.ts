import { beforeAll, describe, expect, it } from 'vitest'
import { silent } from '../../../../test/harness/database.ts'
import { administer } from '../../../../test/harness/server.ts'
import { startSystemHere } from '../../../../test/harness/system.ts'
import { testTasks } from '../../../../test/harness/tasks.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { listTasks } from '../../../core/tasks/index.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { type Classifier, openClassifier } from '../classification/index.ts'
import { RULE_VERSIONS, tenantsToLookAt } from './classification-store.ts'
import { reclassifyOutdated } from './reclassify-outdated.ts'
import { startReclassificationWith, ticketReclassify } from './reclassify-tickets.ts'

const TENANTS = [
  'alder',
  'birch',
  'cedar',
  'dogwood',
  'elm',
  'fir',
  'gum',
  'hazel',
  'ivy',
  'juniper',
  'aspen',
  'zelkova',
  'larch',
  'maple',
]
const tasks = testTasks(TENANTS)
let classifier: Classifier
beforeAll(() => {
  classifier = openClassifier(tasks.db.database, silent)
})

const rows = async <Row>(statement: string, values: unknown[] = []) =>
  (await administer(tasks.db.url, (client) => client.query(statement, values))).rows as Row[]

/** As tickets were stored before there were rules, or by those of `version`. */
const store = (tenant: string, tickets: number, version: string | null = null) =>
  rows(
    `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at, rule_version)
     select $1, 'ext-' || n, 'email', 'c', 'Notice', 'My lawyer will sue you for this.', 'open', now(), now(), $3
     from generate_series(1, $2::int) as n`,
    [tenant, tickets, version],
  )
type Stored = { urgency: string; rule_version: string | null; is_corrected: boolean; tickets: number }
const stored = (tenant: string) =>
  rows<Stored>(
    `select urgency, rule_version, corrected_at is not null as is_corrected, count(*)::int as tickets
     from tickets where tenant_id = $1 group by 1, 2, 3 order by 1, 2, 3`,
    [tenant],
  )

/** What the scheduler does once a minute. */
const look = async (now = new Date(), cannotStart = '') => {
  const { database } = tasks.db
  const start = startReclassificationWith({ enqueue: tasks.enqueue, classifier }, ticketReclassify(classifier))
  const startReclassification: typeof start = async (tx, tenant, startedBy) => {
    if (tenant === cannotStart) throw new Error('a tenant that fails')
    return start(tx, tenant, startedBy)
  }
  return reclassifyOutdated({ database, classifier, startReclassification, logger: silent }, '', now)
}
const work = () => tasks.work([ticketReclassify(classifier)] as never)
const tasksOf = (tenant: string) =>
  tasks.db.database.withTenant(tenantId(tenant), (tx) => listTasks(tx, { kind: 'ticket.reclassify', limit: 10 }))
const allEnded = (tenant: string) =>
  waitFor('the reclassification never ended', async () => {
    const found = await tasksOf(tenant)
    return found.every(({ status }) => status === 'succeeded') && found
  })
const base = () => classifier.base.version

describe('an upgrade', () => {
  it('has tickets classified that never were, and those of earlier rules, with nobody asking, and then rests', async () => {
    await store('alder', 450)
    await store('birch', 3, '2020.1.1')
    await store('cedar', 3, base())
    await store('larch', 3, base())
    await rows(`update tickets set rule_version = null where tenant_id = 'larch' and external_id = 'ext-2'`)
    await look()
    expect(await tasksOf('alder')).toMatchObject([{ created_by: 'scheduler' }])
    expect(await tasksOf('cedar')).toEqual([])
    await work()
    for (const [tenant, tickets] of Object.entries({ alder: 450, birch: 3 })) {
      await allEnded(tenant)
      expect(await stored(tenant)).toEqual([{ urgency: 'high', rule_version: base(), is_corrected: false, tickets }])
    }
    await allEnded('larch')
    expect(await stored('larch')).toMatchObject([
      { urgency: 'high', rule_version: base(), tickets: 1 },
      { urgency: 'low', rule_version: base(), tickets: 2 },
    ])
    await look()
    const started = async (tenant: string) => (await tasksOf(tenant)).length
    expect([await started('alder'), await started('birch'), await started('larch'), await started('cedar')]).toEqual([
      1, 1, 1, 0,
    ])
  })

  it('leaves an agent’s correction as it is', async () => {
    await store('dogwood', 2)
    await rows(
      `update tickets set corrected_at = now(), corrected_by = 'person:ada' where tenant_id = 'dogwood' and external_id = 'ext-1'`,
    )
    await look()
    await work()
    await allEnded('dogwood')
    expect(await stored('dogwood')).toEqual([
      { urgency: 'high', rule_version: base(), is_corrected: false, tickets: 1 },
      { urgency: 'low', rule_version: base(), is_corrected: true, tickets: 1 },
    ])
  })

  it('starts one task for a tenant, whoever else starts one at the same time', async () => {
    await store('elm', 1)
    await Promise.all([look(), look(), look()])
    await look()
    expect(await tasksOf('elm')).toHaveLength(1)
  })

  it('that is rolled out leaves alone what later rules said', async () => {
    await store('fir', 1, '2999.1.1')
    await look()
    expect(await tasksOf('fir')).toEqual([])
  })
})

describe('rules of a tenant’s own', () => {
  it('have its tickets classified when no task did, once', async () => {
    await rows(
      `insert into rule_overrides (tenant_id, document, updated_by)
       values ('gum', '{"concepts": {"legal_threat": {"off": true}, "lawyer": {"off": true}}}', 'person:ada')`,
    )
    await store('gum', 2, base())
    await look()
    await work()
    await allEnded('gum')
    const [only, ...others] = await stored('gum')
    expect([only?.urgency === 'high', only?.rule_version?.startsWith(`${base()}+`), others]).toEqual([false, true, []])
    await look()
    expect(await tasksOf('gum')).toHaveLength(1)
    await rows(`delete from rule_overrides where tenant_id = 'gum'`)
    await look()
    await waitFor('no second task', async () => (await tasksOf('gum')).length === 2)
    await allEnded('gum')
    expect(await stored('gum')).toMatchObject([{ urgency: 'high', rule_version: base(), tickets: 2 }])
  })
})

describe('a reclassification that was cancelled or failed', () => {
  it.each([
    ['cancelled', 'hazel'],
    ['failed', 'ivy'],
  ])('(%s) is left at that for an hour', async (status, tenant) => {
    await store(tenant, 1)
    await look()
    await rows('update tasks set status = $1, ended_at = now() where tenant_id = $2', [status, tenant])
    await look()
    expect(await tasksOf(tenant)).toHaveLength(1)
    await look(new Date(Date.now() + 3_700_000))
    expect(await tasksOf(tenant)).toHaveLength(2)
  })
})

describe('a process with the role scheduler', () => {
  it('looks as soon as it starts', async () => {
    await store('juniper', 1)
    await startSystemHere(tasks.db.url)
    const isDone = async () => (await stored('juniper'))[0]?.rule_version === base()
    await waitFor('nobody classified the ticket', isDone)
  })
})

describe('looking at tenants', () => {
  it('sees every version that a tenant’s tickets are of, and whether one is of none', async () => {
    const versions = async () =>
      (await tasks.db.database.withTenant(tenantId('maple'), (tx) => RULE_VERSIONS.execute(tx))).rows.map(
        ({ rule_version }) => rule_version,
      )
    expect(await versions()).toEqual([])
    await store('maple', 7)
    expect(await versions()).toEqual([null])
    await rows(
      `update tickets set rule_version = (array['a', 'b', 'b', 'c', 'c', 'c'])[right(external_id, 1)::int] where tenant_id = 'maple'`,
    )
    expect(await versions()).toEqual(['a', 'b', 'c', null])
    await rows(`delete from tickets where tenant_id = 'maple' and rule_version is null`)
    expect(await versions()).toEqual(['a', 'b', 'c'])
  })

  it('goes on behind those that were looked at, and begins anew after the last', async () => {
    const { database } = tasks.db
    const page = async (after: string, limit: number) => {
      const statement = tenantsToLookAt({ baseVersion: 'another', after, limit })
      return (await database.acrossTenantsAtOnce('a test', [statement]))[0].map(({ tenant_id }) => tenant_id)
    }
    const all = await page('', 100)
    expect(all.length).toBeGreaterThan(3)
    expect([...(await page('', 2)), ...(await page(all[1] ?? '', 100))]).toEqual(all)
    expect(await look()).toBe('')
  })

  it('goes on when one of them fails', async () => {
    await store('aspen', 1)
    await store('zelkova', 1)
    await look(new Date(), 'aspen')
    expect([await tasksOf('aspen'), await tasksOf('zelkova')].map(({ length }) => length)).toEqual([0, 1])
  })
})
