import { describe, expect, it } from 'vitest'
import { testApp } from '../test/harness/app.ts'
import { call } from '../test/harness/call.ts'
import { silent } from '../test/harness/database.ts'
import { operationsRoutes } from './operations.ts'
import { createMetrics } from './platform/telemetry/index.ts'

const app = testApp([])

describe('a process that stops', () => {
  it('is alive, but neither ready nor well: it gets no more work', async () => {
    const rootRoutes = operationsRoutes({
      ...{ healthDatabase: app.db.database, checks: [], logger: silent, metrics: createMetrics() },
      isDraining: () => true,
    })
    const { url } = await app.start({ rootRoutes })
    for (const path of ['/health', '/health/ready']) {
      const { status, body } = await call(url + path)
      expect([path, status, body.status]).toEqual([path, 503, 'draining'])
    }
    expect((await call(`${url}/health/live`)).status).toBe(200)
  })
})
