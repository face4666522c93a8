import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testApp } from '../../../test/harness/app.ts'
import { call } from '../../../test/harness/call.ts'
import { platformRoute, reply } from './route.ts'

const server = testApp([
  platformRoute({
    operationId: 'getAddress',
    method: 'GET',
    path: '/address',
    tag: 'Test',
    summary: 'The caller’s address as we see it',
    access: 'public',
    responses: { 200: z.object({ address: z.string() }) },
    handle: async ({ request }) => reply(200, { address: request.ip }),
  }),
])
const headers = { 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 3.3.3.3' }

describe('the address of a caller', () => {
  it.each([
    [0, '127.0.0.1'],
    [1, '3.3.3.3'],
    [2, '2.2.2.2'],
  ])(
    'behind %i proxies is what the outermost of them saw, never what the caller wrote',
    async (trustedProxies, address) => {
      const { url } = await server.start({ trustedProxies })
      expect((await call(`${url}/api/v1/address`, { headers })).body).toEqual({ address })
    },
  )
})
