import { afterAll, describe, expect, test } from 'vitest'
import { startFakeMailServer } from '../../../test/fakes/mail-server.ts'
import { authenticator } from '../../../test/harness/authenticator.ts'
import { mailedToken, mailsTo, textOf } from '../../../test/harness/mailed-token.ts'
import { ADMIN_TOKEN, PASSWORD, testTenancy } from '../../../test/harness/tenancy.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { openAllowances } from '../../platform/resilience/index.ts'
import { codeAllowancesOf } from './attempt-limit.ts'

const server = await startFakeMailServer()
afterAll(() => server.close())
const running = testTenancy({ smtpUrl: server.url, publicUrl: 'http://ops.example.com' })
const { call, sql } = running
const NEW = 'a password of today'

let places = 0
/** Somebody who is signed in. */
async function scene() {
  const tenant = await running.tenant()
  const person = await running.member(tenant, 'viewer')
  const remoteAddress = `198.51.100.${++places}`
  const post = (path: string, body?: object, token?: string, headers: Record<string, string> = {}) =>
    call('POST', path, { ...(body ? { body } : {}), ...(token ? { token } : {}), remoteAddress, headers })
  const enrol = (password = PASSWORD, token = person.token) => post('/auth/second-factor', { password }, token)
  const confirm = (code: string, token = person.token) => post('/auth/second-factor/confirm', { code }, token)
  const signIn = (password = PASSWORD) => post('/auth/sign-in', { email: person.email, password })
  const answer = (challenge: string, code: string) => post('/auth/sign-in/second-factor', { challenge, code })
  const isIn = async (token: string) => (await call('GET', '/auth/session', { token })).statusCode === 200
  /** With the second factor on, and the code that was used up for that. */
  const on = async () => {
    const enrolled = (await enrol()).json<{ uri: string; recovery_codes: string[] }>()
    const code = authenticator(enrolled.uri)
    const used = await code()
    const confirmed = await confirm(used)
    return { code, used, recoveryCodes: enrolled.recovery_codes, token: confirmed.json<{ token: string }>().token }
  }
  const challenge = async () => (await signIn()).json<{ challenge: string }>().challenge
  return { tenant, person, remoteAddress, post, enrol, confirm, signIn, answer, isIn, on, challenge }
}
const codeOf = (answer: { json(): { code?: string } }) => answer.json().code

describe('a second factor', () => {
  test('counts once its first code was right; then every other session is over, and a mail tells of it', async () => {
    const { person, enrol, confirm, signIn, isIn } = await scene()
    const elsewhere = await running.signIn(person.email)
    const enrolled = await enrol()
    expect(enrolled.statusCode).toBe(201)
    const { uri, recovery_codes } = enrolled.json<{ uri: string; recovery_codes: string[] }>()
    expect(uri).toMatch(/^otpauth:\/\/totp\/Signalbox:.*issuer=Signalbox/)
    expect(new Set(recovery_codes).size).toBe(10)
    // Nobody is locked out by having begun.
    expect((await signIn()).statusCode).toBe(200)
    expect(codeOf(await confirm('000000'))).toBe('tenancy.code_wrong')
    const confirmed = await confirm(await authenticator(uri)())
    expect([confirmed.statusCode, confirmed.json().person.has_second_factor]).toEqual([200, true])
    expect(await Promise.all([confirmed.json().token, person.token, elsewhere.token].map(isIn))).toEqual([
      true,
      false,
      false,
    ])
    await waitFor('nobody was told', () => mailsTo(server, person.email).length === 1)
    expect(textOf(mailsTo(server, person.email)[0]?.raw ?? '')).toContain('asks for a code of your authenticator app')
  })

  test('is asked for at sign-in: the password alone opens nothing, in no header, cookie or table', async () => {
    const { person, signIn, answer, isIn, on } = await scene()
    const { code } = await on()
    const asked = await signIn()
    expect([asked.statusCode, asked.json()]).toEqual([
      202,
      { challenge: expect.any(String), expires_at: expect.any(String) },
    ])
    expect(asked.headers['set-cookie']).toBeUndefined()
    expect(await isIn(asked.json().challenge)).toBe(false)
    const { sessions } = (
      await sql<{ sessions: number }>('select count(*)::int as sessions from identity.session where user_id = $1', [
        person.personId,
      ])
    )[0] ?? { sessions: -1 }
    expect(sessions).toBe(1)
    const opened = await answer(asked.json().challenge, await code())
    expect([opened.statusCode, await isIn(opened.json().token)]).toEqual([200, true])
    expect(String(opened.headers['set-cookie'])).toMatch(/signalbox\.session_token=[^;]{20,}.*signalbox\.device=sbd_/)
  })

  test('takes a code once, also for another sign-in, and a challenge once', async () => {
    const { answer, on, challenge } = await scene()
    const { code, used } = await on()
    const first = await challenge()
    expect(codeOf(await answer(first, used))).toBe('tenancy.code_wrong')
    const next = await code()
    expect((await answer(first, next)).statusCode).toBe(200)
    expect((await answer(first, next)).statusCode).toBe(410)
    expect(codeOf(await answer(await challenge(), next))).toBe('tenancy.code_wrong')
  })

  test('is not answered by a challenge of somebody else, a made-up one, or one that has waited too long', async () => {
    const [ours, theirs] = [await scene(), await scene()]
    const [{ code }] = [await ours.on(), await theirs.on()]
    const right = await code()
    expect(codeOf(await ours.answer(await theirs.challenge(), right))).toBe('tenancy.code_wrong')
    const mine = await ours.challenge()
    const [identifier = '', signature = ''] = mine.split('.')
    expect(
      codeOf(await ours.answer(`${identifier}.${signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`, right)),
    ).toBe('tenancy.challenge_over')
    expect(codeOf(await ours.answer('2fa-made-up.signature', right))).toBe('tenancy.challenge_over')
    await sql('update identity.verification set expires_at = now()')
    expect(codeOf(await ours.answer(mine, right))).toBe('tenancy.challenge_over')
  })

  test('ends a sign-in after five wrong codes, not the account', async () => {
    const { answer, on, challenge } = await scene()
    const { code } = await on()
    const tried = await challenge()
    for (let n = 0; n < 5; n += 1) expect(codeOf(await answer(tried, `00000${n}`))).toBe('tenancy.code_wrong')
    expect(codeOf(await answer(tried, await code()))).toBe('tenancy.challenge_over')
    const opened = await answer(await challenge(), await code())
    expect(opened.statusCode).toBe(200)
  })

  test('cannot be guessed from everywhere, and whoever tries that keeps nobody out who was there before', async () => {
    const { person, post, answer, on, challenge } = await scene()
    const { code } = await on()
    const first = await answer(await challenge(), await code())
    const allowances = openAllowances(running.database)
    const fromAnywhere = codeAllowancesOf(person.personId, { address: '203.0.113.1' }, null).slice(1)
    while ((await allowances.take(fromAnywhere)) === null);
    const elsewhere = { remoteAddress: '203.0.113.9' }
    const right = await code()
    const asked = await call('POST', '/auth/sign-in', {
      body: { email: person.email, password: PASSWORD },
      ...elsewhere,
    })
    const stranger = (headers: Record<string, string> = {}) =>
      call('POST', '/auth/sign-in/second-factor', {
        ...{ body: { challenge: asked.json().challenge, code: right }, headers, ...elsewhere },
      })
    expect(codeOf(await stranger())).toBe('tenancy.too_many_attempts')
    const cookie = (first.headers['set-cookie'] as string[]).find((each) => each.startsWith('signalbox.device')) ?? ''
    expect((await stranger({ cookie: cookie.split(';')[0] ?? '' })).statusCode).toBe(200)
    // Where they signed in before, they are asked as ever.
    expect(codeOf(await answer(await challenge(), '000000'))).toBe('tenancy.code_wrong')
    expect((await post('/auth/sign-in', { email: person.email, password: PASSWORD })).statusCode).toBe(202)
  })

  test('is answered by a recovery code in place of the app, each once; new ones replace them', async () => {
    const { post, answer, on, challenge } = await scene()
    const { recoveryCodes, token } = await on()
    const [one = '', other = ''] = recoveryCodes
    expect((await answer(await challenge(), one)).statusCode).toBe(200)
    expect(codeOf(await answer(await challenge(), one))).toBe('tenancy.code_wrong')
    const renewed = await post('/auth/second-factor/recovery-codes', { password: PASSWORD }, token)
    const [fresh = ''] = renewed.json<{ recovery_codes: string[] }>().recovery_codes
    expect(codeOf(await answer(await challenge(), other))).toBe('tenancy.code_wrong')
    expect((await answer(await challenge(), fresh)).statusCode).toBe(200)
  })

  test('is switched on, off and given new recovery codes with the password only: a session alone is not enough', async () => {
    const { post, enrol, signIn, on } = await scene()
    expect(codeOf(await enrol('not the password'))).toBe('tenancy.password_wrong')
    const { token } = await on()
    expect(codeOf(await enrol(PASSWORD, token))).toBe('tenancy.second_factor_on')
    for (const path of ['/auth/second-factor/recovery-codes', '/auth/second-factor/disable']) {
      expect(codeOf(await post(path, { password: 'not the password' }, token))).toBe('tenancy.password_wrong')
    }
    const off = await post('/auth/second-factor/disable', { password: PASSWORD }, token)
    expect([off.statusCode, off.json().person.has_second_factor]).toEqual([200, false])
    expect((await signIn()).statusCode).toBe(200)
    const none = await post('/auth/second-factor/recovery-codes', { password: PASSWORD }, off.json().token)
    expect(codeOf(none)).toBe('tenancy.second_factor_off')
  })

  test('is needed to accept an invitation: the password alone accepts nothing, the session does', async () => {
    const { person, post, on } = await scene()
    const { token } = await on()
    const other = await running.tenant()
    await call('POST', `/tenants/${other}/invitations`, {
      token: ADMIN_TOKEN,
      body: { email: person.email, role: 'owner' },
    })
    const invitation = await mailedToken(server, person.email)
    const alone = await post('/invitations/accept', { token: invitation, password: PASSWORD })
    expect([alone.statusCode, codeOf(alone)]).toEqual([401, 'tenancy.second_factor_needed'])
    expect((await post('/invitations/accept', { token: invitation }, token)).statusCode).toBe(201)
  })

  test('stays when the password is set anew by mail, and sign-ins that wait with the old password are over', async () => {
    const { person, post, signIn, answer, on, challenge } = await scene()
    const { code } = await on()
    const waiting = await challenge()
    await post('/auth/forgot-password', { email: person.email })
    const token = await mailedToken(server, person.email)
    expect((await post('/auth/reset-password', { token, new_password: NEW })).statusCode).toBe(204)
    const right = await code()
    expect(codeOf(await answer(waiting, right))).toBe('tenancy.challenge_over')
    const asked = await signIn(NEW)
    expect(asked.statusCode).toBe(202)
    expect((await answer(asked.json().challenge, right)).statusCode).toBe(200)
  })

  test('of whoever took somebody else’s address is gone when its owner proves it', async () => {
    const { person, post, signIn, on } = await scene()
    await on()
    await sql('update identity."user" set email_verified = false where id = $1', [person.personId])
    await post('/auth/forgot-password', { email: person.email })
    const token = await mailedToken(server, person.email)
    await post('/auth/reset-password', { token, new_password: NEW })
    expect((await signIn(NEW)).statusCode).toBe(200)
  })

  test('that somebody has lost is removed by the operator, who vouches for them, and not without saying so', async () => {
    const { person, post, signIn, on } = await scene()
    await on()
    const handOver = async (removes_second_factor: boolean) => {
      const body = { email: person.email, removes_second_factor }
      const { token } = (await post('/operator/password-resets', body, ADMIN_TOKEN)).json<{ token: string }>()
      await post('/auth/reset-password', { token, new_password: NEW })
      return (await signIn(NEW)).statusCode
    }
    expect([await handOver(false), await handOver(true)]).toEqual([202, 200])
  })

  test('is kept so that no table and no log line has its secret, its codes or a challenge that works', async () => {
    const { enrol, on, challenge } = await scene()
    const enrolled = (await enrol()).json<{ uri: string; recovery_codes: string[] }>()
    const secret = new URL(enrolled.uri).searchParams.get('secret') ?? ''
    expect(secret.length).toBeGreaterThan(20)
    const { recoveryCodes } = await on()
    const [, signature = ''] = (await challenge()).split('.')
    const rows = await sql(
      'select t::text as row from identity.two_factor t union all select v::text from identity.verification v',
    )
    const seen = JSON.stringify(rows) + running.logLines.join('')
    for (const hidden of [secret, ...recoveryCodes, signature]) expect(seen).not.toContain(hidden)
  })
})
