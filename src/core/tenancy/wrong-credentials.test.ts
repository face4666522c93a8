import { expect, test } from 'vitest'
import { ADMIN_TOKEN, testTenancy } from '../../../test/harness/tenancy.ts'

const { call } = testTenancy({ requestsPerMinute: 5 })

test('requests with wrong credentials count against the address, and keep no good caller out', async () => {
  const guess = () => call('GET', '/tenants', { token: `sbk_${'x'.repeat(43)}` })
  const statuses: number[] = []
  for (let index = 0; index < 7; index += 1) statuses.push((await guess()).statusCode)
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
  expect((await call('GET', '/tenants', { token: ADMIN_TOKEN })).statusCode).toBe(200)
})
