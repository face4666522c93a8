import { describe, expect, it } from 'vitest'
import { call } from '../../../test/harness/call.ts'
import { factories } from '../../../test/harness/factories.ts'
import { administer } from '../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../test/harness/system.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'

type Shown = Record<string, unknown> & { task_id: string; status: string; version: number }
type Listed = { tasks: Shown[]; total: number; next_cursor: string | null; previous_cursor: string | null }

const system = testSystem({ TASK_LEASE_SECONDS: '5' })
const make = () => factories(system)
let tenants = 0

/** A tenant of its own, and a way to speak of its tasks. */
async function scene() {
  tenants += 1
  const tenantId = `service_${tenants}`
  await make().makeTenant(tenantId)
  const ask = async <Body = Shown>(
    path: string,
    { method = 'GET', body, token = OPERATOR_TOKEN, headers }: Partial<Parameters<typeof call>[1]> & object = {},
  ) => {
    const url = `${system.url}/api/v1/tasks${path}${path.includes('?') ? '&' : '?'}tenant_id=${tenantId}`
    return call<Body>(url, { method, token, ...(body === undefined ? {} : { body }), ...(headers ? { headers } : {}) })
  }
  const create = async (body: Record<string, unknown>, token = OPERATOR_TOKEN) => {
    const answer = await ask('', { method: 'POST', body, token })
    expect([200, 201], answer.text).toContain(answer.status)
    return answer.body
  }
  const reaches = (id: string, ...statuses: string[]) =>
    waitFor(`the task never became ${statuses.join(' or ')}`, async () => {
      const { body } = await ask(`/${id}`)
      return statuses.includes(body.status) ? body : undefined
    })
  const keyFor = async (...permissions: string[]) => (await make().makeKey(tenantId, permissions)).secret
  return { tenantId, ask, create, reaches, keyFor }
}

const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString()

describe('handing a task over', () => {
  it('with a title and a description alone makes a note, which is processed', async () => {
    const { create, reaches, ask } = await scene()
    const made = await create({ title: 'Process user data', description: 'Extract and transform' })
    expect(made).toMatchObject({ kind: 'note.process', is_system: false, priority: 0, attempt: 0 })
    const done = await reaches(made.task_id, 'succeeded')
    expect(done.result).toMatchObject({ message: expect.stringContaining('Extract and transform') })
    const { body } = await ask<{ events: { event: string; outcome?: string }[] }>(`/${made.task_id}/events`)
    expect(body.events.map(({ event, outcome }) => [event, outcome])).toEqual([
      ['created', undefined],
      ['attempt_ended', 'succeeded'],
      ['ended', 'succeeded'],
    ])
  })

  it.each([
    ['a kind of the system', { kind: 'ingestion.run', payload: {} }, 'kind'],
    ['a kind that nobody knows', { kind: 'nobody.knows', payload: {} }, 'kind'],
    ['a payload that does not fit its kind', { kind: 'demo.sleep', payload: { seconds: -1 } }, 'payload.seconds'],
    ['no title of a note', { description: 'only that' }, 'title'],
    ['a title of 256 letters', { title: 'x'.repeat(256) }, 'title'],
  ])('is refused with %s, and says which field', async (_what, body, field) => {
    const { ask } = await scene()
    const answer = await ask<{ errors: { field: string }[] }>('', { method: 'POST', body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((error) => error.field)).toContain(field)
    expect((await ask<Listed>('')).body.total).toBe(0)
  })

  it('finds the live one of the same kind and dedupe key', async () => {
    const { create, ask } = await scene()
    const note = { title: 'Once', dedupe_key: 'once', run_at: tomorrow() }
    const first = await create(note)
    expect((await create(note)).task_id).toBe(first.task_id)
    await ask(`/${first.task_id}/cancel`, { method: 'POST' })
    expect((await create(note)).task_id).not.toBe(first.task_id)
  })

  it('a thousand at a time is all or none, with a result for each', async () => {
    const { ask } = await scene()
    const tasks = Array.from({ length: 1_000 }, (_, n) => ({ title: `Note ${n}`, run_at: tomorrow() }))
    const repeated = { title: 'Twice', dedupe_key: 'twice', run_at: tomorrow() }
    const wrong = await ask('/bulk', { method: 'POST', body: { tasks: [...tasks.slice(0, 10), { title: '' }] } })
    expect(wrong.status).toBe(422)
    expect((await ask<Listed>('')).body.total).toBe(0)
    const body = { tasks: [...tasks.slice(0, 998), repeated, repeated] }
    const made = await ask<{ tasks: { task_id: string; created: boolean }[] }>('/bulk', { method: 'POST', body })
    expect(made.status).toBe(201)
    expect(made.body.tasks).toHaveLength(1_000)
    expect(made.body.tasks.slice(-2)).toEqual([
      { task_id: expect.any(String), created: true },
      { task_id: made.body.tasks.at(-2)?.task_id, created: false },
    ])
    expect((await ask<Listed>('')).body.total).toBe(999)
  })
})

describe('a list of tasks', () => {
  it('is narrowed by what is asked, says how many there are, and leads forth and back', async () => {
    const { create, ask } = await scene()
    const made: string[] = []
    for (let n = 0; n < 7; n += 1) {
      made.unshift((await create({ title: `Number ${n}`, priority: n % 3, run_at: tomorrow() })).task_id)
    }
    const first = await ask<Listed>('?limit=3')
    expect(first.body.tasks.map(({ task_id }) => task_id)).toEqual(made.slice(0, 3))
    expect(first.body).toMatchObject({ total: 7, total_is_estimate: false, previous_cursor: null })
    const second = await ask<Listed>(`?limit=3&cursor=${first.body.next_cursor}`)
    expect(second.body.tasks.map(({ task_id }) => task_id)).toEqual(made.slice(3, 6))
    expect(second.headers.get('link')).toMatch(/rel="first".*rel="prev".*rel="next"/)
    const back = await ask<Listed>(`?limit=3&cursor=${second.body.previous_cursor}`)
    expect(back.body.tasks.map(({ task_id }) => task_id)).toEqual(made.slice(0, 3))
    expect((await ask<Listed>('?priority_min=2')).body.total).toBe(2)
    expect((await ask<Listed>('?q=NUMBER%206')).body.tasks).toMatchObject([{ title: 'Number 6' }])
    expect((await ask<Listed>('?status=running,failed')).body.total).toBe(0)
    expect((await ask<Listed>('?owner=me')).body.total).toBe(7)
  })

  it('has the tasks of the caller alone for a key that may not see all', async () => {
    const { create, ask, keyFor } = await scene()
    const [mine, other] = [await keyFor('task.use', 'task.create'), await keyFor('task.use', 'task.create')]
    const task = await create({ title: 'Mine', run_at: tomorrow() }, mine)
    expect((await ask<Listed>('', { token: mine })).body.total).toBe(1)
    expect((await ask<Listed>('', { token: other })).body.total).toBe(0)
    for (const path of ['', '/events', '/explain']) {
      expect((await ask(`/${task.task_id}${path}`, { token: other })).status).toBe(404)
    }
    const seeing = await keyFor('task.use', 'task.read', 'task.create')
    expect((await ask(`/${task.task_id}`, { token: seeing })).status).toBe(200)
    for (const [method, path] of [
      ['PATCH', ''],
      ['POST', '/retry'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ] as const) {
      const body = method === 'PATCH' ? { title: 'Theirs' } : undefined
      const answer = await ask<{ code: string }>(`/${task.task_id}${path}`, { method, token: seeing, body })
      expect([answer.status, answer.body.code]).toEqual([403, 'tasks.not_yours'])
    }
    expect((await ask(`/${task.task_id}/cancel`, { method: 'POST', token: mine })).body.status).toBe('cancelled')
  })
})

describe('changing a task', () => {
  it('is possible while it waits, and only from the version that was read', async () => {
    const { create, ask } = await scene()
    const task = await create({ title: 'Before', run_at: tomorrow() })
    const change = (body: Record<string, unknown>, version?: number) =>
      ask(`/${task.task_id}`, {
        ...{ method: 'PATCH', body },
        ...(version === undefined ? {} : { headers: { 'if-match': `"${version}"` } }),
      })
    expect((await change({ title: 'After', priority: 3 }, 1)).body).toMatchObject({ title: 'After', version: 2 })
    expect((await change({ title: 'Too late' }, 1)).status).toBe(412)
    const put = await ask(`/${task.task_id}`, { method: 'PUT', body: { title: 'Put' } })
    expect(put.body).toMatchObject({ title: 'Put', description: null, priority: 3 })
  })

  it('that brings its time forward lets it run then', async () => {
    const { create, ask, reaches } = await scene()
    const task = await create({ title: 'Later', run_at: tomorrow() })
    await ask(`/${task.task_id}`, { method: 'PATCH', body: { run_at: new Date().toISOString() } })
    await reaches(task.task_id, 'succeeded')
    const ended = await ask<{ code: string }>(`/${task.task_id}`, { method: 'PATCH', body: { priority: 1 } })
    expect([ended.status, ended.body.code]).toEqual([409, 'tasks.already_ended'])
  })

  it('of the system is refused, cancelling it is not', async () => {
    const { tenantId, ask } = await scene()
    const job = await make().makeJob(tenantId)
    const answer = await ask<{ code: string }>(`/${job}`, { method: 'DELETE' })
    expect([answer.status, answer.body.code]).toEqual([409, 'tasks.of_the_system'])
    expect((await ask(`/${job}/cancel`, { method: 'POST' })).status).toBeLessThan(410)
    expect((await ask<Listed>('?system=true')).body.tasks).toMatchObject([{ task_id: job, is_system: true }])
  })
})

describe('a task that failed', () => {
  it('says why, is explained, and begins anew when it is asked to, alone or with all others', async () => {
    const { create, ask, reaches } = await scene()
    const failing = { kind: 'demo.fail', payload: { permanent: true, message: 'The disk is full.' } }
    const tasks = await Promise.all([create(failing), create(failing)])
    for (const { task_id } of tasks) {
      const failed = await reaches(task_id, 'failed')
      expect(failed.error).toEqual({ code: 'tasks.failed_as_asked', message: 'The disk is full.' })
    }
    const [first] = tasks
    const explained = await ask<{ reason: string; sentence: string }>(`/${first.task_id}/explain`)
    expect(explained.body).toMatchObject({ reason: 'ended', sentence: expect.stringContaining('The disk is full.') })
    const preview = await ask('/retry?kind=demo.fail&preview=true', { method: 'POST' })
    expect(preview.body).toEqual({ matching: 2, changed: 0, more: false })
    expect((await ask('/retry?kind=demo.fail', { method: 'POST' })).body).toMatchObject({ changed: 2 })
    await Promise.all(tasks.map(({ task_id }) => reaches(task_id, 'failed')))
    const { body } = await ask<{ events: { event: string }[] }>(`/${first.task_id}/events`)
    expect(body.events.filter(({ event }) => event === 'attempt_ended')).toHaveLength(2)
  })

  it.each([7, 60, 600])('begins anew with others at %i a minute, evenly', async (perMinute) => {
    const { create, ask } = await scene()
    for (const _ of [1, 2, 3]) await create({ title: 'Later', run_at: tomorrow() })
    expect((await ask('/cancel', { method: 'POST' })).body).toMatchObject({ changed: 3 })
    const begun = await ask(`/retry?per_minute=${perMinute}`, { method: 'POST' })
    expect(begun.body).toEqual({ matching: 3, changed: 3, more: false })
    const { tasks } = (await ask<Listed>('')).body
    const [last = 0, middle = 0, first = 0] = tasks.map(({ run_at }) => Date.parse(String(run_at)))
    for (const apart of [last - middle, middle - first]) expect(Math.abs(apart - 60_000 / perMinute)).toBeLessThan(2)
  })

  it('is tried again as often as it may, and says in between when', async () => {
    const { create, ask } = await scene()
    const task = await create({ kind: 'demo.fail', payload: { message: 'Not yet.' }, attempts_max: 5 })
    const waiting = await waitFor('it was never explained as waiting for its next attempt', async () => {
      const { body } = await ask<{ reason: string; sentence: string }>(`/${task.task_id}/explain`)
      return body.reason === 'retry' && body
    })
    expect(waiting.sentence).toMatch(/tried again at .* because attempt \d of 5 failed: Not yet\./)
    expect((await ask(`/${task.task_id}/cancel`, { method: 'POST' })).body.status).toBe('cancelled')
  })
})

describe('a task that runs', () => {
  it('is stopped when it is deleted, and leaves nothing behind', async () => {
    const { create, ask, reaches } = await scene()
    const task = await create({ kind: 'demo.progress', payload: { steps: 10_000, milliseconds: 5 } })
    await reaches(task.task_id, 'running')
    expect((await ask(`/${task.task_id}`, { method: 'DELETE' })).status).toBe(204)
    expect((await ask(`/${task.task_id}`)).status).toBe(404)
    const gauge = /^signalbox_tasks_running 0$/m
    await waitFor('its handler never stopped', async () => gauge.test((await call(`${system.url}/metrics`)).text))
  })

  it('tells of each step, and is cancelled with the others that a filter leaves', async () => {
    const { create, ask, reaches } = await scene()
    const task = await create({ title: 'Steps', kind: 'demo.progress', payload: { steps: 10_000, milliseconds: 20 } })
    await create({ title: 'Steps of tomorrow', run_at: tomorrow() })
    await waitFor('no step was told', async () => {
      const { body } = await ask<{ events: { text?: string }[] }>(`/${task.task_id}/events`)
      return body.events.some(({ text }) => text === 'Step 1 of 10000 is done.')
    })
    expect((await ask('/cancel?q=steps', { method: 'POST' })).body).toEqual({ matching: 2, changed: 2, more: false })
    expect(await reaches(task.task_id, 'cancelled')).toMatchObject({ cancel_requested: true })
  })

  it('whose worker died is explained so, before its lease has ended and until when that lasts', async () => {
    const { create, ask } = await scene()
    const task = await create({ title: 'Lost', run_at: tomorrow() })
    await administer(system.databaseUrl, async (client) => {
      await client.query(
        `insert into platform.processes (process_id, roles, version, seen_at)
         values ('a process that is gone', '{worker}', '0', now() - interval '16 s')`,
      )
      await client.query(
        `update tasks set status = 'running', attempt = 1, lease_owner = 'a process that is gone',
           lease_expires_at = now() + interval '1 hour' where task_id = $1`,
        [task.task_id],
      )
    })
    const { body } = await ask<{ reason: string; sentence: string }>(`/${task.task_id}/explain`)
    expect(body).toMatchObject({ reason: 'worker_lost', sentence: expect.stringMatching(/its lease ends at 20/) })
  })
})
