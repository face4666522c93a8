import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { call } from '../harness/call.ts'
import { createDatabase, type TestDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

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
