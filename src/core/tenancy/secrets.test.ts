import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import { createLogger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { type Database, openDatabase } from '../../platform/database/index.ts'
import { keepSecret } from '../../platform/sealing/index.ts'

const running = testTenancy()
const { call, tenant, member, sql } = running

let ours: TenantId
let owner: TestMember
let secrets: Record<string, string>

beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
  const key = await call('POST', `/tenants/${ours}/api-keys`, {
    ...{ token: owner.token, headers: { 'idempotency-key': 'first' } },
    body: { name: 'k', permissions: ['tenant.read'] },
  })
  const invitation = await call('POST', `/tenants/${ours}/invitations`, {
    ...{ token: owner.token, headers: { 'idempotency-key': 'second' } },
    body: { email: 'guest@example.com', role: 'viewer' },
  })
  secrets = {
    'the API key': key.json().secret,
    'the invitation': invitation.json().token,
    'the session token': owner.token,
    'the session’s id': owner.token.split('.')[0] ?? '',
    'the operator’s token': ADMIN_TOKEN,
    'the password': PASSWORD,
  }
  await call('POST', '/invitations/accept', { body: { token: invitation.json().token, name: 'G', password: PASSWORD } })
  await call('POST', '/auth/sign-in', { body: { email: owner.email, password: `${PASSWORD}!` } })
  await call('GET', `/tenants/${ours}`, { token: key.json().secret })
  await call('GET', `/tenants/${ours}`, { token: `${key.json().secret}x` })
})

test('the secrets looked for below are there to be found', () => {
  for (const secret of Object.values(secrets)) expect(secret).toMatch(/^.{16,}$/)
})

const namesIn = (text: string) => Object.keys(secrets).filter((name) => text.includes(secrets[name] ?? ''))

test('no answer to a GET holds a secret', async () => {
  const paths = ['', '/members', '/invitations', '/api-keys', '/audit'].map((path) => `/tenants/${ours}${path}`)
  const answers = await Promise.all(
    [...paths, '/tenants', '/auth/session'].map((path) => call('GET', path, { token: ADMIN_TOKEN })),
  )
  expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 200))
  expect(answers.flatMap((answer) => namesIn(answer.body))).toEqual([])
})

test('no log line holds a secret or an e-mail address', () => {
  const log = running.logLines.join('')
  expect(log).toContain('/api/v1/auth/sign-in')
  expect(namesIn(log)).toEqual([])
  expect(log).not.toContain('@example.com')
})

test('no table holds a secret but the session’s id, which opens nothing without its signature', async () => {
  const tables = await sql<{ name: string }>(`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'identity', 'platform')`)
  const found: Record<string, string[]> = {}
  for (const { name } of tables) {
    const rows = await sql<{ text: string }>(`select t::text as text from ${name} t`)
    const names = namesIn(rows.map((row) => row.text).join('\n'))
    if (names.length > 0) found[name] = names
  }
  expect(found).toEqual({ 'identity.session': ['the session’s id'] })
})

describe('the secret that signs sessions', () => {
  const opened: Database[] = []
  afterAll(() => Promise.all(opened.map((database) => database.close())))

  test('processes that start at once on a new installation agree on it', async () => {
    await sql('delete from platform.secrets')
    const logger = createLogger({ level: 'silent' })
    for (let index = 0; index < 6; index += 1) opened.push(openDatabase({ url: running.databaseUrl, max: 1, logger }))
    const kept = await Promise.all(opened.map((database) => keepSecret(database, 'session-cookies')))
    expect(new Set(kept).size).toBe(1)
    expect(kept[0]).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })
})
