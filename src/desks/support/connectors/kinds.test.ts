import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CONNECTOR_KINDS, CONNECTORS, ConfiguredConnector, openSource } from './kinds.ts'

const zendesk = { kind: 'zendesk', settings: { subdomain: 'acme' }, credentials: { email: 'a@b.co', api_token: 't' } }
const freshdesk = { kind: 'freshdesk', settings: { domain: 'acme' }, credentials: { api_key: 'k' } }

/** Where a source asks who it is. */
async function askedAt(configured: unknown): Promise<string> {
  const asked: string[] = []
  const fetch: typeof globalThis.fetch = async (url) => {
    asked.push(String(url))
    return Response.json({}, { status: 401 })
  }
  const source = openSource(ConfiguredConnector.parse(configured), { fetch, timeoutSeconds: 1 })
  await source.check(new AbortController().signal).catch(() => {})
  return asked[0] ?? ''
}

describe('a configured connector', () => {
  it.each([
    [zendesk, 'https://acme.zendesk.com/api/v2/users/me.json'],
    [{ ...zendesk, settings: { subdomain: ' ACME ' } }, 'https://acme.zendesk.com/api/v2/users/me.json'],
    [{ ...zendesk, credentials: { oauth_token: 't' } }, 'https://acme.zendesk.com/api/v2/users/me.json'],
    [{ ...zendesk, settings: { base_url: 'https://help.acme.com' } }, 'https://help.acme.com/api/v2/users/me.json'],
    [freshdesk, 'https://acme.freshdesk.com/api/v2/agents/me'],
    [{ ...freshdesk, settings: { base_url: 'http://127.0.0.1:9/desk/' } }, 'http://127.0.0.1:9/desk/api/v2/agents/me'],
  ])('%j is asked at %s', async (configured, address) => {
    expect(await askedAt(configured)).toBe(address)
  })

  it.each([
    ['another kind', { ...zendesk, kind: 'specification' }],
    ['settings of the other kind', { ...zendesk, settings: { domain: 'acme' } }],
    ['two addresses', { ...zendesk, settings: { subdomain: 'acme', base_url: 'https://acme.com' } }],
    ['no address', { ...freshdesk, settings: {} }],
    ['a subdomain that leads elsewhere', { ...zendesk, settings: { subdomain: 'evil.example/' } }],
    ['a domain with an at sign', { ...freshdesk, settings: { domain: 'a@evil' } }],
    ['a whole address as domain', { ...freshdesk, settings: { domain: 'acme.freshdesk.com' } }],
    ['another protocol', { ...zendesk, settings: { base_url: 'ftp://acme.com' } }],
    ['a password in the address', { ...zendesk, settings: { base_url: 'https://u:p@acme.com' } }],
    ['a query in the address', { ...zendesk, settings: { base_url: 'https://acme.com/?a=b' } }],
    ['both credentials', { ...zendesk, credentials: { ...zendesk.credentials, oauth_token: 't' } }],
    ['half a credential', { ...zendesk, credentials: { email: 'a@b.co' } }],
    ['an empty key', { ...freshdesk, credentials: { api_key: '' } }],
    ['a key with a line break', { ...freshdesk, credentials: { api_key: 'a\nb' } }],
    ['an unknown field', { ...freshdesk, secret: 'x' }],
  ])('with %s is refused', (_what, configured) => {
    expect(ConfiguredConnector.safeParse(configured).success).toBe(false)
  })

  it('can be described in OpenAPI', () => {
    expect(z.toJSONSchema(ConfiguredConnector, { io: 'input' })).toMatchObject({ oneOf: [{}, {}] })
  })

  it('has a default of calls per minute for every kind', () => {
    expect(CONNECTOR_KINDS.map((kind) => CONNECTORS[kind].callsPerMinute)).toEqual([10, 20])
  })
})
