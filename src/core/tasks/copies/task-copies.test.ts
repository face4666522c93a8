import { Client } from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { hasRedis, startRedis } from '../../../../test/harness/redis.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, startSystemHere, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)
beforeAll(() => make.makeTenant('alder'))

type Shown = { task_id: string; title: string; version: number; status: string }
const operator = { token: OPERATOR_TOKEN }
const get = (id: string, { token = OPERATOR_TOKEN, headers = {}, base = system.url } = {}) =>
  call<Shown>(`${base}/api/v1/tasks/${id}`, { token, headers })
const add = async () => {
  const body = { title: 'Later', run_at: new Date(Date.now() + 86_400_000).toISOString() }
  const made = await call<Shown>(`${system.url}/api/v1/tasks?tenant_id=alder`, { method: 'POST', ...operator, body })
  return made.body.task_id
}
const rename = (id: string, title: string, base = system.url) =>
  call<Shown>(`${base}/api/v1/tasks/${id}`, { method: 'PATCH', ...operator, body: { title } })
const counted = async (result: string, base = system.url) => {
  const { text } = await call(`${base}/metrics`)
  return Number(new RegExp(`^signalbox_task_cache_reads_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1])
}
/** Asks until the answer is a copy. */
const copied = (id: string, base = system.url) =>
  waitFor('there never was a copy', async () => {
    const before = await counted('hit', base)
    await get(id, { base })
    return (await counted('hit', base)) > before
  })

describe('a task that is asked for again and again', () => {
  it('is read from the database no more, and answers 304 to who has it as it is', async () => {
    const id = await add()
    const first = await get(id)
    await copied(id)
    const copy = await get(id)
    expect([copy.status, copy.body, copy.headers.get('etag')]).toEqual([200, first.body, first.headers.get('etag')])
    const headers = { 'if-none-match': `"0.0", W/${first.headers.get('etag')}` }
    const same = await get(id, { headers })
    expect([same.status, same.text]).toEqual([304, ''])
    await rename(id, 'Other')
    const other = await get(id, { headers })
    expect([other.status, other.body.title]).toEqual([200, 'Other'])
  })

  it('is shown to whoever writes it as they wrote it, each time', async () => {
    const id = await add()
    await copied(id)
    for (let turn = 0; turn < 20; turn += 1) {
      await rename(id, `Title ${turn}`)
      expect((await get(id)).body.title).toBe(`Title ${turn}`)
    }
  })

  it('is read anew when another process changes, or deletes it', async () => {
    const id = await add()
    await copied(id)
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    await rename(id, 'From elsewhere', other.url)
    await waitFor('it was shown as it was', async () => (await get(id)).body.title === 'From elsewhere')
    await copied(id)
    await call(`${other.url}/api/v1/tasks/${id}`, { method: 'DELETE', ...operator })
    await waitFor('it was shown though it is gone', async () => (await get(id)).status === 404)
    await other.stop()
  })

  it('is shown to nobody who may not see it, whoever asked before', async () => {
    const id = await add()
    await copied(id)
    const { secret: own } = await make.makeKey('alder', ['task.use'])
    const { secret: all, apiKeyId } = await make.makeKey('alder', ['task.use', 'task.read'])
    expect((await get(id, { token: own })).status).toBe(404)
    expect((await get(id, { token: all })).status).toBe(200)
    await call(`${system.url}/api/v1/tenants/alder/api-keys/${apiKeyId}`, { method: 'DELETE', ...operator })
    expect((await get(id, { token: all })).status).toBe(401)
  })

  it('is not shown as it was before the connection was lost on which its changes are told', async () => {
    const id = await add()
    await copied(id)
    const listening = `select pid from pg_stat_activity
      where datname = current_database() and application_name = 'signalbox listen'`
    await administer(system.databaseUrl, async (superuser) => {
      // In one statement: nobody can hear of the change.
      await superuser.query(`select pg_terminate_backend(pid) from (${listening}) as listening`)
      await superuser.query(`update tasks set title = 'Unheard' where task_id = $1`, [id])
    })
    await waitFor('it was shown as it was', async () => (await get(id)).body.title === 'Unheard')
    await copied(id)
    expect((await get(id)).body.title).toBe('Unheard')
  })

  it('is not waited for while somebody changes it', async () => {
    const id = await add()
    const writer = new Client(system.databaseUrl)
    await writer.connect()
    await writer.query('begin')
    await writer.query(`update tasks set title = 'Changed' where task_id = $1`, [id])
    for (let turn = 0; turn < 3; turn += 1) expect((await get(id)).body.title).toBe('Later')
    await writer.query('commit')
    await writer.end()
    expect((await get(id)).body.title).toBe('Changed')
  })
})

describe('with REDIS_URL', () => {
  it('nothing is wrong where there is no server', async () => {
    const alone = await startSystemHere(system.databaseUrl, {
      ...{ SIGNALBOX_ROLES: 'api', REDIS_URL: 'redis://127.0.0.1:1' },
    })
    const id = await add()
    for (let turn = 0; turn < 5; turn += 1) expect((await get(id, { base: alone.url })).status).toBe(200)
    expect(await counted('failed', alone.url)).toBeGreaterThan(0)
    await alone.stop()
  })

  it.skipIf(!hasRedis)('processes share copies, and none gives one that another one has changed', async () => {
    const redis = await startRedis()
    const environment = { SIGNALBOX_ROLES: 'api', REDIS_URL: redis.url }
    const [one, other] = await Promise.all([1, 2].map(() => startSystemHere(system.databaseUrl, environment)))
    if (!one || !other) throw new Error('both were started')
    const id = await add()
    await copied(id, one.url)
    await copied(id, other.url)
    await rename(id, 'Shared', one.url)
    await waitFor('it was shown as it was', async () => (await get(id, { base: other.url })).body.title === 'Shared')
    redis.cut()
    await rename(id, 'Without it', other.url)
    await waitFor('it was shown as it was', async () => (await get(id, { base: one.url })).body.title === 'Without it')
    await Promise.all([one.stop(), other.stop()])
    await redis.stop()
  })
})
