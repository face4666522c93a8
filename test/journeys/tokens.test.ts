import { describe, expect, it } from 'vitest'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { listenToEvents } from '../harness/listeners.ts'
import { OPERATOR_TOKEN, startSystemHere, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const make = factories(system)

type Pair = { access_token: string; refresh_token: string }
let tenants = 0

/** A key of a tenant of its own, and tokens for it from this system. */
async function scene() {
  const tenant = `cedar_${++tenants}`
  await make.makeTenant(tenant)
  const { apiKeyId, secret } = await make.makeKey(tenant, ['tenant.read', 'signal.read'])
  const ask = (url: string, path: string, options: { method?: string; token?: string; body?: unknown } = {}) =>
    call<Pair>(`${url}/api/v1${path}`, options)
  const exchanged = await ask(system.url, '/auth/token', {
    ...{ method: 'POST', token: secret, body: { grant: 'credentials' } },
  })
  expect(exchanged.status).toBe(200)
  const status = async (url: string, token: string) => (await ask(url, `/tenants/${tenant}`, { token })).status
  const revokeKey = () =>
    ask(system.url, `/tenants/${tenant}/api-keys/${apiKeyId}`, { method: 'DELETE', token: OPERATOR_TOKEN })
  return { tenant, ask, status, revokeKey, pair: exchanged.body }
}

describe('a token', () => {
  it('of one process is good at every other one, and so is its refresh token', async () => {
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    const { ask, status, pair } = await scene()
    expect([await status(system.url, pair.access_token), await status(other.url, pair.access_token)]).toEqual([
      200, 200,
    ])
    const renewed = await ask(other.url, '/auth/token/refresh', {
      ...{ method: 'POST', body: { refresh_token: pair.refresh_token } },
    })
    expect(await status(system.url, renewed.body.access_token)).toBe(200)
  })

  it('that ends at one process has ended at every other one', async () => {
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    for (const how of ['revoke', 'key'] as const) {
      const { ask, status, revokeKey, pair } = await scene()
      expect(await status(other.url, pair.access_token)).toBe(200)
      if (how === 'key') await revokeKey()
      else await ask(system.url, '/auth/token/revoke', { method: 'POST', body: { token: pair.refresh_token } })
      expect([how, await status(other.url, pair.access_token)]).toEqual([how, 401])
    }
  })

  it('that ends ends what is streamed to who came with it, at another process too', async () => {
    const other = await startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'api' })
    const { tenant, ask, pair } = await scene()
    const path = `/api/v1/signals/stream?tenant_id=${tenant}`
    const stream = await listenToEvents(`${other.url}${path}`, { token: pair.access_token })
    expect(stream.status).toBe(200)
    await ask(system.url, '/auth/token/revoke', { method: 'POST', body: { token: pair.refresh_token } })
    await waitFor('the stream went on', stream.isOver)
  })

  it('is checked with keys that stand where every library looks for them', async () => {
    const { pair } = await scene()
    const found = await call<{ keys: { kid: string }[] }>(`${system.url}/.well-known/jwks.json`)
    const [head = ''] = pair.access_token.split('.')
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString())
    expect([found.status, found.body.keys.map((key) => key.kid)]).toEqual([200, [kid]])
  })
})
