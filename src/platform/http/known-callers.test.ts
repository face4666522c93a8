import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { tenantId } from '../../kernel/tenant-id.ts'
import { type Caller, unauthenticated } from './access.ts'
import { rememberCallers, STRANGERS } from './known-callers.ts'

const from = (headers: Record<string, string>, ip = '10.0.0.1') => ({ headers, ip }) as unknown as FastifyRequest
const withKey = from({ authorization: 'Bearer key' })
const withCookie = from({ cookie: 'session=1' })

const callerOf = (tenants: Caller['tenants']): Caller => ({
  ...{ id: 'key:1', tenants, isOperator: tenants === 'all' },
  decide: async () => 'allowed',
})

/** Credentials that the test can revoke, a clock it sets, and how often they were looked up. */
function scene(tenants: Caller['tenants'] = [tenantId('alder')]) {
  const state = { ms: 0, isRevoked: false, lookedUp: 0 }
  const callers = rememberCallers(
    async () => {
      state.lookedUp += 1
      if (state.isRevoked) throw unauthenticated('revoked')
      return callerOf(tenants)
    },
    () => state.ms,
  )
  return { state, callers }
}

describe('credentials', () => {
  it('are looked up for every request while few with them are under way', async () => {
    const { state, callers } = scene()
    for (let n = 0; n < 5; n += 1) await callers.authenticate(withKey, false)
    expect(state.lookedUp).toBe(5)
    state.isRevoked = true
    await expect(callers.authenticate(withKey, false)).rejects.toThrow()
  })

  it('of a crowd are looked up once a second, and not for each', async () => {
    const { state, callers } = scene()
    await callers.authenticate(withKey, false)
    for (let n = 0; n < 100; n += 1) await callers.authenticate(withKey, true)
    expect(state.lookedUp).toBe(1)
    state.ms = 1_000
    await Promise.all(Array.from({ length: 100 }, () => callers.authenticate(withKey, true)))
    expect(state.lookedUp).toBe(2)
  })

  it('that were revoked are refused to the crowd after a second, and from the first refusal on', async () => {
    const { state, callers } = scene()
    await callers.authenticate(withKey, true)
    state.isRevoked = true
    state.ms = 999
    await callers.authenticate(withKey, true)
    state.ms = 1_000
    await expect(callers.authenticate(withKey, true)).rejects.toThrow()
    state.ms = 1_001
    await expect(callers.authenticate(withKey, true)).rejects.toThrow()
  })

  it('in a cookie are looked up for each request also of a crowd: which page it comes from counts too', async () => {
    const { state, callers } = scene()
    for (let n = 0; n < 5; n += 1) await callers.authenticate(withCookie, true)
    expect(state.lookedUp).toBe(5)
  })
})

describe('whose a request is counted as', () => {
  it.each([
    ['nobody known: their address', undefined, { tenant: STRANGERS, key: '10.0.0.1' }],
    ['a key: its tenant', [tenantId('alder')], { tenant: 'alder', key: 'key:1' }],
    [
      'somebody of several tenants: themselves',
      [tenantId('alder'), tenantId('birch')],
      { tenant: 'key:1', key: 'key:1' },
    ],
    ['the operator', 'all' as const, { tenant: '(operator)', key: 'key:1' }],
  ])('%s', async (_who, tenants, flow) => {
    const { callers } = scene(tenants)
    if (tenants) await callers.authenticate(withKey, false)
    expect(callers.flowOf(withKey)).toEqual(flow)
  })

  it('is not found out by guessing: unknown credentials are a stranger’s', async () => {
    const { callers, state } = scene()
    state.isRevoked = true
    await expect(callers.authenticate(withKey, false)).rejects.toThrow()
    expect(callers.flowOf(withKey).tenant).toBe(STRANGERS)
  })
})
