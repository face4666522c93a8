import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { call } from '../../../test/harness/call.ts'
import { silent } from '../../../test/harness/database.ts'
import { factories, type Member } from '../../../test/harness/factories.ts'
import { administer } from '../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../test/harness/system.ts'
import { environmentFor } from '../../../test/harness/system-process.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { parseConfig } from '../../kernel/config.ts'
import { startSystem } from '../../main.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const { makeTenant, makePerson } = factories(system)
let owner: Member
let manager: Member
let agent: Member

beforeAll(async () => {
  await makeTenant('alder')
  owner = await makePerson('alder', 'owner')
  manager = await makePerson('alder', 'manager')
  agent = await makePerson('alder', 'agent')
})

type Kept = {
  kept: { table: string; days: number; default_days: number; least_days: number; chosen_by: string | null }[]
}
const url = () => `${system.url}/api/v1/tenants/alder/retention`
const show = ({ token }: { token: string }) => call<Kept>(url(), { token })
const choose = ({ token }: { token: string }, days: unknown) =>
  call<Kept>(url(), { method: 'PUT', token, body: { days } })
const of = (table: string, { kept }: Kept) => kept.find((each) => each.table === table)

describe('GET /tenants/{tenant_id}/retention', () => {
  it('200 with every table, its default and its bounds; 403 below a manager', async () => {
    const { status, body } = await show(manager)
    expect(status).toBe(200)
    expect(of('tasks', body)).toMatchObject({
      days: 90,
      default_days: 90,
      least_days: 7,
      most_days: 730,
      chosen_by: null,
    })
    expect(body.kept.map(({ table }) => table)).toEqual(body.kept.map(({ table }) => table).toSorted())
    expect((await show(agent)).status).toBe(403)
  })
})

describe('PUT /tenants/{tenant_id}/retention', () => {
  it('200 with what holds from now on; what is left out goes back to its default; each is a line of the audit log', async () => {
    expect(of('tasks', (await choose(owner, { tasks: 7, signals: 30 })).body)).toMatchObject({
      ...{ days: 7, chosen_by: `person:${owner.personId}` },
    })
    const { body } = await choose(owner, { signals: 31 })
    expect([of('tasks', body)?.days, of('signals', body)?.days]).toEqual([90, 31])
    const audit = await call<{ entries: unknown[] }>(`${system.url}/api/v1/tenants/alder/audit`, { token: owner.token })
    expect(audit.body.entries.slice(0, 2)).toMatchObject([
      { action: 'retention.choose', actor: `person:${owner.personId}`, details: { signals: 31 } },
      { action: 'retention.choose', details: { tasks: 7, signals: 30 } },
    ])
  })

  it.each([
    [{ tasks: 6 }, 'days.tasks'],
    [{ tasks: 731 }, 'days.tasks'],
    [{ tasks: 7.5 }, 'days.tasks'],
    [{ audit_log: null }, 'days.audit_log'],
    [{ idempotency_keys: 30 }, 'days.idempotency_keys'],
    [undefined, 'days'],
  ])('422 for %o, which names the field', async (days, field) => {
    const { status, text } = await choose(owner, days)
    expect(status).toBe(422)
    expect(text).toContain(`"${field}"`)
  })

  it('403 for a manager: what goes is gone for good', async () => {
    expect((await choose(manager, { tasks: 7 })).status).toBe(403)
  })
})

it('a scheduler removes what is old by itself, and tells it in its metrics, table by table', async () => {
  const remaining = () =>
    administer(system.databaseUrl, async (superuser) => {
      const { rows } = await superuser.query<{ task_id: string }>(`select task_id from tasks where kind = 'thing.do'`)
      return rows.length
    })
  await administer(system.databaseUrl, async (superuser) => {
    await superuser.query(`
      insert into tasks (tenant_id, task_id, kind, payload, attempts_max, created_by, status, ended_at)
      select 'alder', uuidv7(-make_interval(days => age)), 'thing.do', '{}', 1, 'test', 'failed', now() - make_interval(days => age)
      from (values (50), (100)) as ages (age)`)
  })
  const scheduler = await startSystem(
    parseConfig(environmentFor(system.databaseUrl, { SIGNALBOX_ROLES: 'scheduler' })),
    silent,
  )
  onTestFinished(() => scheduler.stop())
  await waitFor('the old task was never removed', async () => (await remaining()) === 1)
  const scrape = async () => (await call(`${scheduler.url}/metrics`, { token: OPERATOR_TOKEN })).text
  await waitFor('the metrics never told it', async () =>
    (await scrape()).includes('signalbox_upkeep_rows_total{step="tasks"} 1'),
  )
  const steps = [...(await scrape()).matchAll(/signalbox_upkeep_failures_total\{step="([^"]+)"\} 0/g)]
  expect(steps.map(([, step]) => step)).toEqual(
    expect.arrayContaining(['tasks', 'identity.session', 'identity.verification', 'platform.circuits', 'audit_log']),
  )
})
