import { decodeProtectedHeader } from 'jose'
import { Kysely, PostgresDialect } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { testDatabase } from '../../../../test/harness/database.ts'
import { createLogger } from '../../../kernel/logger.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { type DB, openPool, ROLES } from '../../../platform/database/index.ts'
import { sealer } from '../../../platform/sealing/index.ts'
import { signingKeyStore } from '../store/signing-keys.ts'
import { accessTokens } from './access-tokens.ts'
import { openSigningKeys } from './signing-keys.ts'

const logger = createLogger({ level: 'fatal' })
const SECRET = 'what seals in these tests, 32 letters'
const ISSUER = 'https://ops.example.com'
const HOUR = 3_600_000
const DAY = 24 * HOUR

const database = testDatabase()
let kysely: Kysely<DB>
beforeAll(() => {
  const pool = openPool({ url: database.url, role: ROLES.identity, max: 3, logger })
  kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
})
afterAll(() => kysely?.destroy())
beforeEach(() => signingKeyStore(kysely).forget(new Date(8_640_000_000_000_000)))

/** A process of an installation, on a clock of its own. */
function process(options: { secret?: string; issuer?: string; clock?: { at: number } } = {}) {
  const clock = options.clock ?? { at: Date.parse('2026-06-01T12:00:00Z') }
  const now = () => clock.at
  const seals = sealer({ keys: [options.secret ?? SECRET] })
  const keys = openSigningKeys({ store: signingKeyStore(kysely), sealer: seals, logger, now })
  const access = accessTokens({ keys, issuer: options.issuer ?? ISSUER, now })
  const sign = () =>
    access.sign({
      ...{ sub: 'person:00000000-0000-4000-8000-000000000001', tenant_id: tenantId('tenant_a') },
      ...{ permissions: ['ticket.read'], sid: '00000000-0000-4000-8000-000000000002' },
      exp: Math.floor(now() / 1_000) + 900,
    })
  const isGood = async (token: string) => !('refused' in (await access.verify(token)))
  return { clock, keys, sign, isGood, verify: access.verify }
}
const kidOf = (token: string) => decodeProtectedHeader(token).kid

describe('a token', () => {
  test('is good for its 15 minutes and the few seconds by which clocks differ, not before and not after', async () => {
    const { clock, sign, isGood } = process()
    const token = await sign()
    const issued = clock.at
    for (const [at, good] of [
      [-6, false],
      [-4, true],
      [0, true],
      [899, true],
      [904, true],
      [906, false],
    ] as const) {
      clock.at = issued + at * 1_000
      expect([at, await isGood(token)]).toEqual([at, good])
    }
  })

  test('of another issuer, or for another audience or purpose, is refused although our key signed it', async () => {
    const { sign, isGood, keys } = process()
    expect(await isGood(await sign())).toBe(true)
    expect(await isGood(await process({ issuer: 'https://other.example.com' }).sign())).toBe(false)
    const { SignJWT, decodeJwt } = await import('jose')
    const { kid, key } = await keys.signer()
    const claims = decodeJwt(await sign())
    const signed = (change: object, header: object = {}) =>
      new SignJWT({ ...claims, ...change })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...header })
        .sign(key)
    expect(await isGood(await signed({}))).toBe(true)
    expect(await isGood(await signed({ aud: 'another-api' }))).toBe(false)
    expect(await isGood(await signed({}, { typ: 'JWT' }))).toBe(false)
    for (const missing of ['aud', 'iss', 'exp', 'nbf', 'jti', 'sub', 'sid', 'tenant_id', 'permissions']) {
      expect([missing, await isGood(await signed({ [missing]: undefined }))]).toEqual([missing, false])
    }
  })

  test('signed with a key of the day before yesterday is refused, whatever it says of its times', async () => {
    const { clock, keys, sign, isGood } = process()
    const { SignJWT, decodeJwt } = await import('jose')
    const { kid, key } = await keys.signer()
    const claims = { ...decodeJwt(await sign()), exp: Math.floor((clock.at + 3 * DAY) / 1_000) }
    const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' }).sign(key)
    clock.at += 14 * 60_000
    expect(await isGood(token)).toBe(true)
    clock.at += DAY + 17 * 60_000
    expect(await isGood(token)).toBe(false)
    expect(await keys.forget()).toBe(1)
  })
})

describe('the keys', () => {
  test('are one for all processes that start at once', async () => {
    const clock = { at: Date.parse('2026-06-01T12:00:00Z') }
    const processes = Array.from({ length: 6 }, () => process({ clock }))
    const tokens = await Promise.all(processes.map(({ sign }) => sign()))
    expect(new Set(tokens.map(kidOf)).size).toBe(1)
    for (const { isGood } of processes) {
      for (const token of tokens) expect(await isGood(token)).toBe(true)
    }
  })

  test('change each day; the next one is published an hour before it signs, the last one for as long as its tokens live', async () => {
    const one = process()
    const other = process({ clock: one.clock })
    const first = await one.sign()
    const start = one.clock.at
    one.clock.at = start + 22 * HOUR
    expect([kidOf(await one.sign()), (await other.keys.published()).length]).toEqual([kidOf(first), 1])
    one.clock.at = start + 23 * HOUR + 60_000
    const late = await one.sign()
    expect(kidOf(late)).toBe(kidOf(first))
    const kids = (await other.keys.published()).map(({ kid }) => kid)
    expect([kids.length, kids.includes(kidOf(first) ?? '')]).toEqual([2, true])
    one.clock.at = start + DAY + 60_000
    const second = await other.sign()
    expect([kids.includes(kidOf(second) ?? ''), kidOf(second) === kidOf(first)]).toEqual([true, false])
    one.clock.at = start + DAY + 17 * 60_000
    expect((await one.keys.published()).map(({ kid }) => kid)).toEqual([kidOf(second)])
  })

  test('of another process are known as soon as one of its tokens comes', async () => {
    const one = process()
    const other = process({ clock: one.clock })
    expect(await other.keys.published()).toEqual([])
    one.clock.at += 2_000
    expect(await other.isGood(await one.sign())).toBe(true)
  })

  test('that the installation’s secret no longer opens sign no more, but what they signed stays good', async () => {
    const before = process()
    const token = await before.sign()
    const later = process({ secret: 'another secret of 32 letters or so', clock: before.clock })
    const next = await later.sign()
    expect(kidOf(next)).not.toBe(kidOf(token))
    expect([await later.isGood(token), await later.isGood(next)]).toEqual([true, true])
  })

  test('that were taken away are gone elsewhere within ten seconds', async () => {
    const one = process()
    const other = process({ clock: one.clock })
    const token = await one.sign()
    expect(await other.isGood(token)).toBe(true)
    await one.keys.replaceAll()
    expect(await one.isGood(token)).toBe(false)
    one.clock.at += 10_000
    expect(await other.isGood(token)).toBe(false)
  })
})
