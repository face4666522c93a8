import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { call } from '../../../test/harness/call.ts'
import { factories } from '../../../test/harness/factories.ts'
import { administer } from '../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../test/harness/system.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'

type Task = {
  task_id: string
  status: string
  attempt: number
  result: unknown
  error: { code: string; message: string } | null
}

/** What stands on the other side: keeps what it was asked, and answers as it is told. */
const asked: { headers: IncomingMessage['headers']; body: string; method: string | undefined }[] = []
let answer: (response: ServerResponse, calls: number) => void = () => {}
const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (text) => {
    body += text
  })
  request.on('end', () => {
    asked.push({ headers: request.headers, body, method: request.method })
    answer(response, asked.length)
  })
})

const system = testSystem({ OUTBOUND_PRIVATE_HOSTS: '127.0.0.1' })
let host = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  await factories(system).makeTenant('requests')
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  asked.length = 0
  answer = (response) => response.writeHead(200).end('done')
})

const api = <Body>(path: string, request: { method?: string; token?: string; body?: unknown } = {}) =>
  call<Body>(`${system.url}/api/v1${path}${path.includes('?') ? '&' : '?'}tenant_id=requests`, {
    token: OPERATOR_TOKEN,
    ...request,
  })
const send = async (payload: Record<string, unknown>, more: Record<string, unknown> = {}) => {
  const body = { kind: 'http.request', payload: { url: `http://${host}/things`, ...payload }, ...more }
  const made = await api<Task>('/tasks', { method: 'POST', body })
  expect(made.status, made.text).toBe(201)
  return waitFor('the task never ended', async () => {
    const { body: task } = await api<Task>(`/tasks/${made.body.task_id}`)
    return ['succeeded', 'failed'].includes(task.status) && task
  })
}

describe('a request', () => {
  it('is sent once, with its body, under the id of its task, and its answer is the result', async () => {
    const task = await send({ method: 'PUT', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } })
    expect(task).toMatchObject({ status: 'succeeded', result: { status: 200, body: 'done' } })
    expect(asked).toMatchObject([
      {
        method: 'PUT',
        body: '{"a":1}',
        headers: { 'idempotency-key': task.task_id, 'content-type': 'application/json' },
      },
    ])
  })

  it('is sent again under the same id when the other side is not well', async () => {
    answer = (response, calls) => response.writeHead(calls === 1 ? 503 : 200).end()
    const task = await send({})
    expect(task).toMatchObject({ status: 'succeeded', attempt: 2 })
    expect(new Set(asked.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set([task.task_id]))
  })

  it.each([404, 302])('that is answered with %i fails for good, and says so', async (status) => {
    answer = (response) => response.writeHead(status, { location: 'https://elsewhere.example/' }).end()
    const task = await send({})
    expect(task).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'requests.refused' } })
    expect(task.error?.message).toContain(String(status))
    expect(asked).toHaveLength(1)
  })

  it('keeps no more of an answer than 64 kB', async () => {
    answer = (response) => response.writeHead(200).end('x'.repeat(1_000_000))
    const { result } = await send({})
    expect((result as { body: string }).body).toHaveLength(65_536)
  })

  it('to an address that is not public never leaves', async () => {
    const task = await send({ url: 'https://10.0.0.1/' })
    expect(task).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'requests.refused_address' } })
  })

  it('cannot be handed over by a key that may not send requests', async () => {
    const { secret } = await factories(system).makeKey('requests', ['task.use', 'task.create'])
    const body = { kind: 'http.request', payload: { url: 'https://example.com/' } }
    const made = await api<{ code: string }>('/tasks', { method: 'POST', token: secret, body })
    expect([made.status, made.body.code]).toEqual([403, 'tasks.kind_not_permitted'])
  })

  it('is not sent again by a key that may not send requests, though it may begin every task anew', async () => {
    answer = (response) => response.writeHead(404).end()
    const { task_id } = await send({})
    const calls = asked.length
    const { secret } = await factories(system).makeKey('requests', ['task.create', 'task.read', 'task.manage'])
    const again = await api<{ code: string }>(`/tasks/${task_id}/retry`, { method: 'POST', token: secret })
    expect([again.status, again.body.code]).toEqual([403, 'tasks.kind_not_permitted'])
    expect(asked.length).toBe(calls)
  })
})

describe('a secret', () => {
  const SECRET = 'Bearer nobody-may-read-this'
  const save = (name: string, forHost: string) =>
    api('/request-secrets', { method: 'PUT', body: { name, value: SECRET, host: forHost } })

  it('is put into requests to its host, and stands nowhere else', async () => {
    expect((await save('ours', host)).status).toBe(204)
    const task = await send({ headers: { Authorization: { secret: 'ours' } } })
    expect(task.status).toBe('succeeded')
    expect(asked[0]?.headers.authorization).toBe(SECRET)
    const shown = [
      JSON.stringify(task),
      (await api('/request-secrets')).text,
      (await api(`/tasks/${task.task_id}/events`)).text,
      (await api('/tenants/requests/audit')).text,
    ]
    const stored = await administer(system.databaseUrl, async (client) => {
      const { rows } = await client.query(
        `select tasks::text as row from tasks union all select request_secrets::text from request_secrets`,
      )
      return rows.map(({ row }) => row as string)
    })
    for (const text of [...shown, ...stored]) expect(text).not.toContain('nobody-may-read-this')
  })

  it.each([
    ['for another host', 'theirs', 'is for api.example.com, not for'],
    ['that is not there', 'nobodys', 'There is no secret named nobodys'],
  ])('%s sends nothing', async (_what, name, sentence) => {
    await save('theirs', 'api.example.com')
    const task = await send({ headers: { Authorization: { secret: name } } })
    expect(task).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'requests.secret_unusable' } })
    expect(task.error?.message).toContain(sentence)
    expect(asked).toHaveLength(0)
  })

  it('is one of at most a hundred of a tenant, and can be removed', async () => {
    await administer(system.databaseUrl, (client) =>
      client.query(`insert into request_secrets (tenant_id, name, host, sealed, created_by)
        select 'requests', 'filler-' || n, 'a.example', '', 'test' from generate_series(1, 100) as n on conflict do nothing`),
    )
    expect((await save('one-more', host)).status).toBe(409)
    expect((await api('/request-secrets/filler-1', { method: 'DELETE' })).status).toBe(204)
    expect((await api('/request-secrets/filler-1', { method: 'DELETE' })).status).toBe(404)
  })
})
