import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { administer } from '../../../../test/harness/server.ts'
import type { CalendarsOverTime } from '../../../core/clocks/index.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { policiesInForce } from './policies-in-force.ts'
import { followOperator, publishPolicy } from './publish-policy.ts'
import { readOperatorPolicy } from './read-file.ts'
import { insertDefault } from './store.ts'
import { tellingTenants } from './tell-tenants.ts'

const db = testDatabase()
let calendars: CalendarsOverTime = { key: 'none', names: new Map(), at: () => null, changesOf: () => [] }
const calendarsOf = async () => calendars
const openProcess = () => policiesInForce({ calendarsOf })

let tenants = 0
async function someTenant(): Promise<TenantId> {
  const id = tenantId(`t_${String(++tenants).padStart(3, '0')}`)
  await db.database.acrossTenants('a tenant of the test', (tx) =>
    tx.insertInto('tenants').values({ tenant_id: id, name: id }).execute(),
  )
  return id
}
const within = <T>(tenant: TenantId, work: (tx: Tx) => Promise<T>) => db.database.withTenant(tenant, work)
const publish = (tenant: TenantId, minutes: number) =>
  within(tenant, (tx) =>
    publishPolicy(
      { calendarsOf, onChanged: async () => {} },
      tx,
      { tenantId: tenant, changedBy: 'test' },
      { document: `rules: [{ name: own, targets: { resolution: ${minutes} } }]` },
    ),
  )
const operatorSays = async (minutes: number) => {
  const written = `rules: [{ name: theirs, targets: { resolution: ${minutes} } }]`
  const read = readOperatorPolicy(written)
  if ('problems' in read) throw new Error(JSON.stringify(read.problems))
  const file = {
    source: 'file',
    path: '/etc/sla.yaml',
    loaded_by: 'test',
    content_hash: `${minutes}`.padStart(64, '0'),
  } as const
  await db.database.acrossTenants('the operator of the test', (tx) => insertDefault(tx, { ...read, ...file, written }))
}
/** What a process says that a ticket has now, and the key of its answer. */
const ask = (process: ReturnType<typeof openProcess>, tenant: TenantId) =>
  within(tenant, async (tx) => {
    const { key, termsAt } = await process.terms(tx, tenant)
    const terms = termsAt({
      target: 'resolution',
      atMs: Date.now() + 60_000,
      attributes: { priority: 'low', tier: 'standard' },
    })
    return { key, policyKey: terms?.policyKey, minutes: (terms?.targetMs ?? 0) / 60_000 }
  })

test('before anybody wrote a policy down what ships with the program holds', async () => {
  expect(await ask(openProcess(), await someTenant())).toMatchObject({ policyKey: 'default@0/low', minutes: 2_880 })
})

test('all processes say the same at once after each change, whoever made it, and another thing only to whom it concerns', async () => {
  const [one, other] = [openProcess(), openProcess()]
  const [follower, owner] = [await someTenant(), await someTenant()]
  const keys: string[] = []
  const both = async (tenant: TenantId) => {
    const [first, second] = [await ask(one, tenant), await ask(other, tenant)]
    expect(second).toEqual(first)
    keys.push(first.key)
    return first.policyKey && [first.policyKey, first.minutes]
  }
  await operatorSays(70)
  expect([await both(follower), await both(owner)]).toEqual([
    ['default@1/theirs', 70],
    ['default@1/theirs', 70],
  ])
  await publish(owner, 10)
  expect([await both(follower), await both(owner)]).toEqual([
    ['default@1/theirs', 70],
    ['own@1/own', 10],
  ])
  await operatorSays(80)
  expect([await both(follower), await both(owner)]).toEqual([
    ['default@2/theirs', 80],
    ['own@1/own', 10],
  ])
  await within(owner, (tx) =>
    followOperator({ calendarsOf, onChanged: async () => {} }, tx, { tenantId: owner, changedBy: 'test' }),
  )
  expect(await both(owner)).toEqual(['default@2/theirs', 80])
  const before = keys.at(-1)
  calendars = { ...calendars, key: 'another' }
  await both(owner)
  expect(keys.at(-1)).not.toBe(before)
  expect(keys.every((key) => key.length <= 200)).toBe(true)
})

test('a version published after the clock was put back begins after the one before it, and holds', async () => {
  const tenant = await someTenant()
  await publish(tenant, 10)
  await administer(db.url, (superuser) =>
    superuser.query(`update sla_policies set in_force_from = now() + interval '1 hour' where tenant_id = $1`, [tenant]),
  )
  await publish(tenant, 20)
  const { rows } = await within(tenant, (tx) =>
    sql<{ version: number }>`select version from sla_policies order by in_force_from desc`.execute(tx),
  )
  expect(rows.map(({ version }) => version)).toEqual([2, 1])
})

test('tickets without priority get one by the policy of now', async () => {
  const [process, tenant] = [openProcess(), await someTenant()]
  const assigned = () =>
    within(tenant, async (tx) => (await process.assigning(tx))({ urgency: 'high' }, { subject: 'down', message: '' }))
  const publishWith = (document: string) =>
    within(tenant, (tx) =>
      publishPolicy(
        { calendarsOf, onChanged: async () => {} },
        tx,
        { tenantId: tenant, changedBy: 'test' },
        { document },
      ),
    )
  const rules = 'rules: [{ name: a, targets: { resolution: 5 } }]'
  await publishWith(`${rules}\nassignments: [{ name: b, when: { keyword: down }, set: { priority: critical } }]`)
  expect(await assigned()).toEqual({ priority: 'critical', tier: null })
  await publishWith(rules)
  expect(await assigned()).toEqual({ priority: null, tier: null })
})

test('after a new policy of the operator all who follow it are told, once, also when one fails and another process goes on', async () => {
  for (let count = 0; count < 60; count++) await someTenant()
  const own = await someTenant()
  await publish(own, 10)
  const all = await db.database.readAcrossTenants('tenants of the test', (tx) =>
    tx.selectFrom('tenants').select('tenant_id').orderBy('tenant_id').execute(),
  )
  const isOwn = new Set(
    (
      await administer(db.url, (superuser) =>
        superuser.query<{ tenant_id: string }>(
          `select distinct on (tenant_id) tenant_id, policy from sla_policies order by tenant_id, version desc`,
        ),
      )
    ).rows.flatMap((row) => ((row as { policy?: unknown }).policy ? [row.tenant_id] : [])),
  )
  expect(isOwn.has(own)).toBe(true)
  const followers = all.map(({ tenant_id }) => tenant_id).filter((id) => !isOwn.has(id))
  const told: string[] = []
  let mayFail = true
  const failing = followers[30]
  const teller = () =>
    tellingTenants({
      ...{ database: db.database, logger: silent },
      onChanged: async (_tx, tenant) => {
        if (tenant === failing && mayFail) {
          mayFail = false
          throw new Error('the test')
        }
        told.push(tenant)
      },
    })
  const { signal } = new AbortController()
  // From tests before.
  while ((await teller().work(signal)) === 'again');
  told.length = 0
  mayFail = true
  await operatorSays(90)
  await teller().work(signal)
  expect(told).toEqual(followers.slice(0, 30))
  const other = teller()
  while ((await other.work(signal)) === 'again');
  expect(told).toEqual(followers)
  await other.work(signal)
  expect(told).toHaveLength(followers.length)
})
