import { describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, startSystemHere, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { WAITING_PER_TENANT } from './waiting-workers.ts'

type Shown = Record<string, unknown> & { task_id: string; status: string; code?: string }
type Leased = { task_id: string; fencing: number; payload: unknown; progress: object; attempt: number; title: string }
type Answered = { task: Leased | null; code?: string; errors?: { field: string }[] }

const system = testSystem({ SCHEDULER_LOOK_SECONDS: '1' })
const make = () => factories(system)
const SCHEMA = {
  ...{ type: 'object', required: ['page'], additionalProperties: false },
  properties: { page: { type: 'integer', minimum: 1 } },
}
let tenants = 0

/** A tenant with a kind of its own, and a worker of it. */
async function scene(kind: object = {}) {
  tenants += 1
  const tenantId = `outside_${tenants}`
  await make().makeTenant(tenantId)
  const { secret } = await make().makeKey(tenantId, ['worker.run', 'task.use', 'task.create', 'task.read'])
  const ask = <Body = Shown>(method: string, path: string, body?: unknown, token = OPERATOR_TOKEN, url = system.url) =>
    call<Body>(`${url}/api/v1${path}${path.includes('?') ? '&' : '?'}tenant_id=${tenantId}`, { method, token, body })
  const register = (more: object = {}, name = 'custom.render') =>
    ask<Shown & { errors?: { field: string }[] }>('PUT', `/worker/kinds/${name}`, {
      ...{ about: 'Renders a page', payload_schema: SCHEMA, retry_base_seconds: 1, retry_cap_seconds: 1 },
      ...more,
    })
  expect((await register(kind)).status).toBe(201)
  const create = async (more: object = {}) => {
    const made = await ask('POST', '/tasks', { kind: 'custom.render', payload: { page: 1 }, ...more })
    expect([200, 201], made.text).toContain(made.status)
    return made.body
  }
  const lease = (wait_seconds = 0, token = secret, url = system.url) =>
    ask<Answered>('POST', '/worker/lease', { kinds: ['custom.render'], wait_seconds }, token, url)
  const taken = async () => {
    const { body, text } = await lease()
    if (!body.task) throw new Error(`nothing was leased: ${text}`)
    return body.task
  }
  const tell = (path: string, { task_id, fencing }: Leased, more: object = {}) =>
    ask<Shown & { cancel_requested?: boolean }>('POST', `/worker/${path}`, { task_id, fencing, ...more }, secret)
  const show = async (id: string) => (await ask('GET', `/tasks/${id}`)).body
  const explain = async (id: string) =>
    (await ask<{ reason: string; sentence: string }>('GET', `/tasks/${id}/explain`)).body
  const sql = (statement: string, values: unknown[]) =>
    administer(system.databaseUrl, (superuser) => superuser.query(statement, values))
  const leaseIsOver = (id: string) =>
    sql(`update tasks set lease_expires_at = now() - interval '1 second' where task_id = $1`, [id])
  /** Waits until a worker has asked for the kind. */
  const asked = () =>
    waitFor('nobody asked', async () => {
      const { rows } = await sql('select from task_kinds where tenant_id = $1 and last_asked_at is not null', [
        tenantId,
      ])
      return rows.length === 1
    })
  return { tenantId, asked, ask, register, create, lease, taken, tell, show, explain, sql, leaseIsOver, secret }
}

describe('a kind of a tenant’s own', () => {
  it('is registered, shown, changed and removed, but not while a task of it lives', async () => {
    const { ask, register, create, taken, tell } = await scene()
    expect((await register({ about: 'Renders better' })).status).toBe(200)
    expect((await ask('GET', '/worker/kinds/custom.render')).body).toMatchObject({
      about: 'Renders better',
      attempts_max: 5,
    })
    await create()
    expect((await ask('DELETE', '/worker/kinds/custom.render')).body.code).toBe('tasks.kind_in_use')
    await tell('complete', await taken())
    expect((await ask('DELETE', '/worker/kinds/custom.render')).status).toBe(204)
    expect((await ask('GET', '/worker/kinds/custom.render')).body.code).toBe('tasks.kind_not_found')
    const gone = await ask('POST', '/tasks', { kind: 'custom.render', payload: { page: 1 } })
    expect([gone.status, gone.body.code]).toEqual([404, 'tasks.kind_not_found'])
  })

  it('cannot have the name of one of ours, nor a schema that could hold a process up', async () => {
    const { register } = await scene()
    for (const name of ['note.process', 'ingestion.run', 'custom.', 'custom.UPPER']) {
      expect((await register({}, name)).status).toBe(422)
    }
    const hostile = { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } }
    const refused = await register({ payload_schema: hostile })
    expect(refused.body.errors?.[0]?.field).toBe('payload_schema.properties.a.pattern')
  })

  it('is one of a hundred at the most', async () => {
    const { tenantId, register, sql } = await scene()
    await sql(
      `insert into task_kinds (tenant_id, kind, about, payload_schema, attempts_max, retry_base_seconds, retry_cap_seconds,
         lease_seconds, time_limit_seconds, created_by)
       select $1, 'custom.k' || n, 'a', '{}', 1, 1, 1, 60, 60, 'test' from generate_series(1, 98) n`,
      [tenantId],
    )
    expect((await register({}, 'custom.hundredth')).status).toBe(201)
    expect((await register({}, 'custom.more')).body.code).toBe('tasks.too_many_kinds')
    expect((await register({ about: 'Again' }, 'custom.hundredth')).status).toBe(200)
  })

  it('checks what is handed over, and says where it does not fit; of many all or none', async () => {
    const { ask } = await scene()
    const wrong = await ask<Answered>('POST', '/tasks', { kind: 'custom.render', payload: { page: 0 } })
    expect([wrong.status, wrong.body.errors?.map(({ field }) => field)]).toEqual([422, ['payload.page']])
    const tasks = [{ page: 1 }, { page: 2, more: true }].map((payload) => ({ kind: 'custom.render', payload }))
    const bulk = await ask<Answered>('POST', '/tasks/bulk', { tasks })
    expect([bulk.status, bulk.body.errors?.map(({ field }) => field)]).toEqual([422, ['tasks.1.payload.more']])
    expect((await ask<{ total: number }>('GET', '/tasks')).body.total).toBe(0)
    const note = await ask<Answered>('POST', '/tasks', { kind: 'demo.sleep', payload: { seconds: -1 } })
    expect(note.body.errors?.map(({ field }) => field)).toEqual(['payload.seconds'])
  })

  it('checks a payload that is changed later, too', async () => {
    const { ask, create } = await scene()
    const { task_id } = await create()
    const patch = (payload: object) => ask<Answered>('PATCH', `/tasks/${task_id}`, { payload })
    expect((await patch({ page: 'two' })).body.errors?.[0]?.field).toBe('payload.page')
    expect((await patch({ page: 2 })).status).toBe(200)
  })
})

describe('a worker outside', () => {
  it('takes a task, keeps it, tells how far it is, and ends it with a result', async () => {
    const { create, taken, tell, show, ask } = await scene()
    const made = await create({ title: 'Page one' })
    const leased = await taken()
    expect(leased).toMatchObject({
      task_id: made.task_id,
      payload: { page: 1 },
      attempt: 1,
      title: 'Page one',
      progress: {},
    })
    const kept = await tell('heartbeat', leased, { progress: { done: 0.5 }, log: ['half of it'] })
    expect([kept.status, kept.body.cancel_requested]).toEqual([200, false])
    expect((await tell('complete', leased, { result: { pages: 1 } })).body.status).toBe('succeeded')
    expect(await show(made.task_id)).toMatchObject({ status: 'succeeded', result: { pages: 1 } })
    const { body } = await ask<{ events: { event: string }[] }>('GET', `/tasks/${made.task_id}/events`)
    expect(body.events.map(({ event }) => event)).toEqual(['created', 'log', 'attempt_ended', 'ended'])
  })

  it('is given every task once, however many ask at once', async () => {
    const { create, lease } = await scene()
    const made = new Set<string>()
    for (let at = 0; at < 6; at += 1) made.add((await create()).task_id)
    const answers = await Promise.all(Array.from({ length: 12 }, () => lease()))
    const got = answers.flatMap(({ body }) => (body.task ? [body.task.task_id] : []))
    expect([got.length, new Set(got)]).toEqual([6, made])
  })

  it('gets what is more urgent first, and what is for later not before', async () => {
    const { create, taken, lease } = await scene()
    await create({ run_at: new Date(Date.now() + 3_600_000).toISOString(), title: 'later' })
    await create({ title: 'plain' })
    await create({ title: 'urgent', priority: 10 })
    expect([(await taken()).title, (await taken()).title, (await lease()).body.task]).toEqual(['urgent', 'plain', null])
  })

  it('that lost its lease writes nothing more: the next one has the task, with a higher number', async () => {
    const { create, taken, tell, show, leaseIsOver } = await scene()
    const { task_id } = await create()
    const first = await taken()
    await tell('heartbeat', first, { progress: { done: 1 } })
    await leaseIsOver(task_id)
    for (const path of ['heartbeat', 'complete']) {
      expect((await tell(path, first)).body.code).toBe('tasks.lease_lost')
    }
    expect((await tell('fail', first, { message: 'late' })).body.code).toBe('tasks.lease_lost')
    await waitFor('the task was never freed', async () => (await show(task_id)).status === 'retrying')
    const second = await taken()
    expect(second).toMatchObject({ task_id, attempt: 2, progress: { done: 1 } })
    expect(second.fencing).toBeGreaterThan(first.fencing)
    // The same caller, which holds the task again: the number alone tells its two claims apart.
    for (const path of ['heartbeat', 'complete']) {
      expect((await tell(path, first)).body.code).toBe('tasks.lease_lost')
    }
    expect((await tell('complete', second)).body.status).toBe('succeeded')
  })

  it('cannot speak of a task that another caller has', async () => {
    const { create, taken, ask } = await scene()
    await create()
    const { task_id, fencing } = await taken()
    const strange = await ask('POST', '/worker/complete', { task_id, fencing })
    expect(strange.body.code).toBe('tasks.lease_lost')
  })

  it('that fails is given it again after a while, until the attempts are used up or it says that this is of no use', async () => {
    const { create, taken, tell, lease, show, explain } = await scene({ attempts_max: 2 })
    const { task_id } = await create()
    const first = await tell('fail', await taken(), { message: 'Out of paper', code: 'printer.empty' })
    expect(first.body.status).toBe('retrying')
    const again = await waitFor('it was never tried again', async () => (await lease(1)).body.task ?? undefined)
    expect((await tell('fail', again, { message: 'Still none' })).body.status).toBe('failed')
    expect(await show(task_id)).toMatchObject({ error: { code: 'custom.failed', message: 'Still none' }, attempt: 2 })
    const other = await create()
    expect((await tell('fail', await taken(), { message: 'No such page', is_final: true })).body.status).toBe('failed')
    expect(await explain(other.task_id)).toMatchObject({ reason: 'ended' })
  })

  it('hears with the next heartbeat that it is to stop, and then ends it as cancelled', async () => {
    const { create, taken, tell, ask, show } = await scene()
    const { task_id } = await create()
    const leased = await taken()
    await ask('POST', `/tasks/${task_id}/cancel`)
    expect((await tell('heartbeat', leased)).body.cancel_requested).toBe(true)
    expect((await tell('complete', leased)).body.status).toBe('cancelled')
    expect((await show(task_id)).status).toBe('cancelled')
  })

  it('of a concurrency key works on one at a time', async () => {
    const { create, taken, lease, tell } = await scene()
    await create({ concurrency_key: 'printer' })
    await create({ concurrency_key: 'printer' })
    const first = await taken()
    expect((await lease()).body.task).toBeNull()
    await tell('complete', first)
    expect((await lease()).body.task).not.toBeNull()
  })

  it('stores no result and no progress beyond the bound', async () => {
    const { create, taken, tell, show } = await scene()
    const { task_id } = await create()
    const leased = await taken()
    const large = { text: 'x'.repeat(262_144) }
    for (const [path, more] of [
      ['heartbeat', { progress: large }],
      ['complete', { result: large }],
    ] as const) {
      const answer = await tell(path, leased, more)
      expect([path, answer.status, answer.body.code]).toEqual([path, 413, 'tasks.payload_too_large'])
    }
    expect(await show(task_id)).toMatchObject({ status: 'running', progress: {} })
  })

  it('cannot keep a task longer than an attempt may take', async () => {
    const { create, taken, tell, sql } = await scene({ time_limit_seconds: 60, lease_seconds: 60 })
    const { task_id } = await create()
    const leased = await taken()
    await sql(`update tasks set attempt_started_at = now() - interval '30 seconds' where task_id = $1`, [task_id])
    const kept = await tell('heartbeat', leased)
    expect(Date.parse(String(kept.body.lease_expires_at)) - Date.now()).toBeLessThanOrEqual(31_000)
    await sql(`update tasks set attempt_started_at = now() - interval '61 seconds' where task_id = $1`, [task_id])
    await tell('heartbeat', leased)
    expect((await tell('heartbeat', leased)).body.code).toBe('tasks.lease_lost')
  })

  it('of another tenant gets nothing of it, and one without the permission gets nothing at all', async () => {
    const [ours, theirs] = [await scene(), await scene()]
    await ours.create()
    expect((await theirs.lease()).body.task).toBeNull()
    expect((await ours.lease(0, theirs.secret)).status).toBe(404)
    const { secret } = await make().makeKey(ours.tenantId, ['task.read', 'task.create'])
    expect((await ours.lease(0, secret)).status).toBe(403)
  })
})

describe('waiting for a task', () => {
  it('ends with the task as soon as one is handed over, at whichever process', async () => {
    const { create, lease, secret, asked } = await scene()
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    const waiting = lease(30, secret, other.url)
    await asked()
    const made = await create()
    expect((await waiting).body.task?.task_id).toBe(made.task_id)
  })

  it('ends with nothing when its time is over', async () => {
    const { lease } = await scene()
    expect((await lease(1)).body).toEqual({ task: null })
  })

  it('ends when the process stops', async () => {
    const { lease, secret, asked } = await scene()
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    const waiting = lease(30, secret, other.url)
    await asked()
    await other.stop()
    expect((await waiting).body).toEqual({ task: null })
  })

  it('of a caller who left takes nothing', async () => {
    const { lease, create, secret, asked, tenantId } = await scene()
    const leaving = new AbortController()
    const url = `${system.url}/api/v1/worker/lease?tenant_id=${tenantId}`
    const body = JSON.stringify({ kinds: ['custom.render'], wait_seconds: 30 })
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
    const answer = fetch(url, { method: 'POST', body, headers, signal: leaving.signal }).catch(() => 'left')
    await asked()
    leaving.abort()
    expect(await answer).toBe('left')
    const made = await create()
    const got = await waitFor('nobody got it', async () => (await lease(1)).body.task ?? undefined)
    expect([got.task_id, got.attempt]).toEqual([made.task_id, 1])
  })

  it(`is for ${WAITING_PER_TENANT} of a tenant at a process, and holds up nothing else of it`, async () => {
    const { lease, ask } = await scene()
    const waiting = Array.from({ length: WAITING_PER_TENANT + 5 }, () => lease(30))
    const refused = await Promise.any(
      waiting.map(async (each) => {
        const answer = await each
        if (answer.status !== 429) throw new Error(`answered ${answer.status}`)
        return answer
      }),
    )
    expect(refused.body.code).toBe('tasks.too_many_waiting')
    expect((await ask('GET', '/worker/kinds')).status).toBe(200)
    const tasks = Array.from({ length: WAITING_PER_TENANT }, () => ({ kind: 'custom.render', payload: { page: 1 } }))
    expect((await ask('POST', '/tasks/bulk', { tasks })).status).toBe(201)
    const answers = await Promise.all(waiting)
    const got = answers.flatMap(({ body }) => (body.task ? [body.task.task_id] : []))
    expect([got.length, new Set(got).size]).toEqual([WAITING_PER_TENANT, WAITING_PER_TENANT])
  })
})

describe('explain', () => {
  it('says that no worker asks for the kind, and nothing of workers of ours', async () => {
    const { create, explain, taken, sql, tenantId } = await scene()
    const { task_id } = await create()
    expect(await explain(task_id)).toMatchObject({ reason: 'nobody_asks', sentence: expect.stringContaining('never') })
    const { rows } = await sql('update task_kinds set last_asked_at = now() where tenant_id = $1 returning kind', [
      tenantId,
    ])
    expect(rows).toHaveLength(1)
    expect((await explain(task_id)).reason).toBe('its_turn')
    await taken()
    expect((await explain(task_id)).reason).toBe('running')
  })
})
