import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { call } from '../harness/call.ts'
import { administer, createDatabase, type TestDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

type Health = { status: string; checks: Record<string, Record<string, unknown>> }

describe('metrics', () => {
  const system = testSystem()

  it('count requests by declared route, never by address, and name no tenant', async () => {
    await call(`${system.url}/tenants/secret_tenant`, { token: OPERATOR_TOKEN })
    const { status, headers, text } = await call(`${system.url}/metrics`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('text/plain')
    expect(text).toContain(
      'signalbox_http_request_seconds_count{method="GET",route="/api/v1/tenants/:tenant_id",status="404"} 1',
    )
    expect(text).not.toContain('secret_tenant')
  })
})

describe('health', () => {
  const system = testSystem()

  it('of a single process is ok from its first answer on, and is told for each thing that it depends on', async () => {
    const alive: unknown[] = []
    const { headers, body } = await waitFor('it was never well', async () => {
      const answer = await call<Health>(`${system.url}/health`)
      alive.push(answer.body.checks.workers?.alive)
      return answer.status === 200 && answer.body.status === 'ok' && answer
    })
    // On a slow machine a check may get no answer in time and know nothing; none may say that nobody works.
    expect(alive).not.toContain(0)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toEqual({
      status: 'ok',
      checks: {
        database: { status: 'ok', critical: true, latency_ms: expect.any(Number) },
        queue: { status: 'ok', critical: true, waiting: 0, oldest_seconds: 0 },
        workers: { status: 'ok', critical: true, alive: 1, last_seen_seconds_ago: expect.any(Number) },
        provider: { status: 'ok', critical: true, last_run_seconds_ago: null, paused_seconds: 0 },
        notify: { status: 'ok', critical: false, state: 'closed' },
      },
    })
  })

  it('tells of an open circuit, and works all the same', async () => {
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `insert into platform.circuits (name, state, opened_at, changed_at) values ('notify', 'open', now(), now())`,
      ),
    )
    await waitFor('the circuit was never told', async () => {
      const { status, body } = await call<Health>(`${system.url}/health`)
      return status === 200 && body.checks.notify?.state === 'open'
    })
    await administer(system.databaseUrl, (superuser) => superuser.query('delete from platform.circuits'))
  })

  it('is degraded, but 200, while a task that is due has waited for more than five minutes', async () => {
    await call(`${system.url}/tenants`, { method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id: 'a', name: 'A' } })
    const enqueue = (minutes: number) =>
      administer(system.databaseUrl, (superuser) =>
        superuser.query(
          `insert into tasks (tenant_id, kind, payload, attempts_max, created_by, run_after)
           values ('a', 'test.of_nobody', '{}', 1, 'test', now() + $1 * interval '1 minute')`,
          [minutes],
        ),
      )
    const becomes = (waiting: number, health: string) =>
      waitFor(`the tasks were never counted, or health was never ${health}`, async () => {
        const { status, body } = await call<Health>(`${system.url}/health`)
        const { queue } = body.checks
        return queue?.waiting === waiting && body.status === health && { status, queue }
      })
    // Not due: it waits, but for nobody.
    await enqueue(60)
    expect(await becomes(1, 'ok')).toMatchObject({ status: 200, queue: { oldest_seconds: 0 } })
    await enqueue(-6)
    expect(await becomes(2, 'degraded')).toMatchObject({ status: 200, queue: { status: 'degraded' } })
    await waitFor('the metrics never said so', async () =>
      (await call(`${system.url}/metrics`)).text.includes('signalbox_tasks_waiting 2'),
    )
  })
})

describe('a dependency that the configuration names', () => {
  const nobodyListens = 'http://127.0.0.1:1'

  it.each([
    ['EXTERNAL_API_URL', nobodyListens, 'provider_address'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', nobodyListens, 'trace_collector'],
  ])('and that cannot be reached, %s, makes health 503, and leaves readiness alone', async (variable, url, check) => {
    const made = await createDatabase(inject('serverUrl'))
    onTestFinished(made.drop)
    const system = await spawnSystem(made.url, { [variable]: url })
    await waitFor('health never said so', async () => {
      const { status, body } = await call<Health>(`${system.url}/health`)
      const { database, [check]: named } = body.checks
      return status === 503 && database?.status === 'ok' && named?.status === 'failing'
    })
    await waitFor('it was never ready', async () => (await call(`${system.url}/health/ready`)).status === 200)
    await system.stop()
  })
})

describe('error pages', () => {
  const system = testSystem()

  it('stand where the type of a problem points', async () => {
    const { body } = await call<{ type: string }>(`${system.url}/tickets?tenant_id=none`, { token: OPERATOR_TOKEN })
    const page = await call(system.url + body.type)
    expect(page.status).toBe(200)
    expect(page.text).toContain('http.tenant_not_found')
  })

  it('do not serve other files', async () => {
    for (const path of ['/errors/..%2F..%2Fpackage', '/errors/architecture', '/errors/%2e%2e%2farchitecture']) {
      expect((await call(system.url + path)).status).toBe(404)
    }
  })
})

describe('a process', () => {
  let made: TestDatabase
  beforeAll(async () => {
    made = await createDatabase(inject('serverUrl'))
  })
  afterAll(() => made.drop())

  it('that only serves the API says that nobody works, and that somebody does once a worker has started', async () => {
    /** Until health answers so with so many workers: on a slow machine a check may get no answer in time. */
    const becomes = (system: { url: string }, expected: number, alive: number) =>
      waitFor(`health never answered ${expected} with ${alive} workers`, async () => {
        const { status, body } = await call<Health>(`${system.url}/health`)
        const { workers } = body.checks
        return status === expected && workers?.alive === alive && workers
      })
    const api = await spawnSystem(made.url, { SIGNALBOX_ROLES: 'api' })
    expect(await becomes(api, 503, 0)).toMatchObject({ status: 'failing' })
    await waitFor('it was never ready', async () => (await call(`${api.url}/health/ready`)).status === 200)
    const worker = await spawnSystem(made.url, { SIGNALBOX_ROLES: 'worker' })
    for (const each of [worker, api]) expect(await becomes(each, 200, 1)).toMatchObject({ status: 'ok' })
    await worker.stop()
    expect(await becomes(api, 200, 0)).toMatchObject({ status: 'degraded' })
    await api.stop()
  })

  it('sends its traces to the collector it is told of, and logs JSON lines with request ids and no secret', async () => {
    const bodies: string[] = []
    const collector = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        bodies.push(`${request.url} ${body}`)
        response.end('{}')
      })
    })
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
    const { port } = collector.address() as AddressInfo
    const system = await spawnSystem(made.url, { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
    const headers = { 'x-request-id': 'my-own-request-id' }
    await call(`${system.url}/tenants`, { token: OPERATOR_TOKEN, headers })
    await call(`${system.url}/tenants`, { token: 'sbk_a-secret-that-must-not-be-logged' })
    await system.stop()
    await waitFor('no span of the request arrived', () =>
      bodies.some((body) => body.startsWith('/v1/traces') && body.includes('GET /api/v1/tenants')),
    )
    collector.close()

    const lines = system
      .output()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    expect(lines.find(({ msg, route }) => msg === 'answered' && route === '/api/v1/tenants')).toMatchObject({
      ...{ request_id: 'my-own-request-id', status: 200, caller: 'operator' },
    })
    expect(system.output()).not.toContain('a-secret-that-must-not-be-logged')
    expect(system.output()).not.toContain(OPERATOR_TOKEN)
    expect(system.output()).not.toContain('postgres://')
  })
})
