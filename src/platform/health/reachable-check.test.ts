import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { silent } from '../../../test/harness/database.ts'
import type { Database } from '../database/index.ts'
import { healthReport } from './health-report.ts'
import { reachableCheck } from './reachable-check.ts'

const noDatabase = undefined as unknown as Database

describe('a dependency that the configuration names', () => {
  it('makes health fail while nobody listens there, is well again when somebody does, and sees few connections', async () => {
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      socket.end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const check = reachableCheck({ name: 'mail_server', what: 'the mail server', url: `smtp://127.0.0.1:${port}` })
    const report = healthReport([check], { database: noDatabase, logger: silent, keptMs: 0 })
    for (let n = 0; n < 20; n += 1) expect((await report()).status).toBe('ok')
    expect(connections).toBe(1)
    server.close()
    await once(server, 'close')

    const gone = reachableCheck({ name: 'mail_server', what: 'the mail server', url: `smtp://127.0.0.1:${port}` })
    const other = healthReport([gone], { database: noDatabase, logger: silent, keptMs: 0 })
    expect(await other()).toEqual({
      status: 'failing',
      checks: { mail_server: { status: 'failing', critical: true, latency_ms: null } },
    })
    const again = createServer((socket) => socket.end()).listen(port, '127.0.0.1')
    await once(again, 'listening')
    expect((await other()).status).toBe('ok')
    again.close()
  })
})
