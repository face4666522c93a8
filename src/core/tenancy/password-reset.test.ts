import { afterAll, describe, expect, test } from 'vitest'
import { startFakeMailServer } from '../../../test/fakes/mail-server.ts'
import { mailedToken, mailsTo, textOf } from '../../../test/harness/mailed-token.ts'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const server = await startFakeMailServer()
afterAll(() => server.close())
const withMail = testTenancy({ smtpUrl: server.url, publicUrl: 'https://ops.example.com' })
const withoutMail = testTenancy()
const NEW = 'a password of today'

type Running = typeof withMail
let places = 0
/** Somebody with an account of their own, at a place of their own. */
const scene = async (running: Running) => {
  const tenant: TenantId = await running.tenant()
  const person: TestMember = await running.member(tenant, 'viewer')
  const remoteAddress = `198.51.100.${++places}`
  const forgot = (email = person.email, headers: Record<string, string> = {}) =>
    running.call('POST', '/auth/forgot-password', { body: { email }, headers, remoteAddress })
  const reset = (token: string, new_password = NEW) =>
    running.call('POST', '/auth/reset-password', { body: { token, new_password } })
  const signIn = (password: string) =>
    running.call('POST', '/auth/sign-in', { body: { email: person.email, password }, remoteAddress })
  const isIn = async (token: string) => (await running.call('GET', '/auth/session', { token })).statusCode === 200
  const handOver = (token = ADMIN_TOKEN, body: object = { email: person.email }) =>
    running.call('POST', '/operator/password-resets', { token, body })
  return { tenant, person, forgot, reset, signIn, isIn, handOver }
}

describe('a password that was forgotten', () => {
  test('is set with a link that comes to the address; the old one and every session are over', async () => {
    const { person, forgot, reset, signIn, isIn } = await scene(withMail)
    const answer = await forgot(person.email.toUpperCase())
    expect([answer.statusCode, answer.json()]).toEqual([202, { status: 'asked' }])
    const token = await mailedToken(server, person.email)
    const [{ raw = '' } = {}] = mailsTo(server, person.email)
    expect(textOf(raw)).toContain(`https://ops.example.com/link#reset-password=${token}`)
    expect((await reset(token)).statusCode).toBe(204)
    expect(await isIn(person.token)).toBe(false)
    expect([(await signIn(PASSWORD)).statusCode, (await signIn(NEW)).statusCode]).toEqual([401, 200])
    await waitFor('nobody was told', () => mailsTo(server, person.email).length === 2)
    expect(textOf(mailsTo(server, person.email).at(-1)?.raw ?? '')).toContain(
      'password of your Signalbox account was changed',
    )
  })

  test('is set once with a link, within an hour, and only with the newest', async () => {
    const { person, forgot, reset } = await scene(withMail)
    await forgot()
    const first = await mailedToken(server, person.email)
    await forgot()
    const second = await mailedToken(server, person.email, 2)
    const gone = await reset(first)
    expect([gone.statusCode, gone.json().code]).toEqual([410, 'tenancy.token_gone'])
    expect((await reset(second)).statusCode).toBe(204)
    expect((await reset(second, 'and a third one')).statusCode).toBe(410)
    await forgot()
    const third = await mailedToken(server, person.email, 3)
    await withMail.sql('update identity.one_time_token set expires_at = now()')
    expect((await reset(third)).statusCode).toBe(410)
    expect((await reset(`sbr_${'x'.repeat(43)}`)).statusCode).toBe(410)
  })

  test('of two who use one link at the same moment, is set by one', async () => {
    const { person, forgot, reset } = await scene(withMail)
    await forgot()
    const token = await mailedToken(server, person.email)
    const answers = await Promise.all(
      ['password of the first', 'password of the second'].map((each) => reset(token, each)),
    )
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([204, 410])
  })

  test('422 for a new one that is too short, and the link still works', async () => {
    const { person, forgot, reset } = await scene(withMail)
    await forgot()
    const token = await mailedToken(server, person.email)
    expect((await reset(token, 'eleven char')).statusCode).toBe(422)
    expect((await reset(token)).statusCode).toBe(204)
  })

  test('gets the same answer for an address without an account, where no mail goes', async () => {
    const { person, forgot } = await scene(withMail)
    const [known, unknown] = [await forgot(), await forgot('nobody-here@example.com')]
    const facts = ({ statusCode, headers, body }: typeof known) => {
      const { 'x-request-id': _, date: __, ...others } = headers
      return { statusCode, body, others }
    }
    expect(facts(unknown)).toEqual(facts(known))
    // Posted later than the other: what became of that one is known then.
    await mailedToken(server, person.email)
    expect(mailsTo(server, 'nobody-here@example.com')).toEqual([])
  })

  test('is answered without waiting for the mail server, and what is asked of it is the same', async () => {
    const { person, forgot } = await scene(withMail)
    server.setFault({ kind: 'hang' })
    const answers = [await forgot(), await forgot('nobody-there@example.com')]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([202, 202])
    server.setFault(null)
    const posted = await withMail.sql<{ about: { email: string } }>(
      `select about from mails where kind = 'tenancy.reset_password'`,
    )
    expect(posted.map(({ about }) => about.email)).toContain(person.email)
    await withMail.sql('delete from mails')
  })

  test('does not make a flood: the fourth mail to one address is not sent, which nobody is told', async () => {
    const { person, forgot } = await scene(withMail)
    const answers = []
    for (let time = 0; time < 6; time += 1) answers.push((await forgot()).statusCode)
    expect(answers).toEqual([202, 202, 202, 202, 202, 202])
    const posted = () =>
      withMail.sql(`select from mails where kind = 'tenancy.reset_password' and about ->> 'email' = $1`, [person.email])
    await waitFor('there is mail left', async () => (await posted()).length === 0)
    expect(mailsTo(server, person.email)).toHaveLength(3)
  })

  test('cannot be asked for by one place for everybody: 429 with Retry-After', async () => {
    const { forgot } = await scene(withMail)
    const answers = []
    for (let n = 0; n < 12; n += 1) answers.push(await forgot(`everybody-${n}@example.com`))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([...Array(10).fill(202), 429, 429])
    expect(Number(answers.at(-1)?.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('is asked for at the operator’s address, whatever host the request names', async () => {
    const { person, forgot } = await scene(withMail)
    await forgot(person.email, { host: 'evil.example', 'x-forwarded-host': 'evil.example' })
    await mailedToken(server, person.email)
    expect(
      mailsTo(server, person.email)
        .map(({ raw }) => textOf(raw))
        .join(),
    ).not.toContain('evil.example')
  })

  test('stands nowhere but in the mail: no table and no log line has the token', async () => {
    const { person, forgot } = await scene(withMail)
    await forgot()
    const token = await mailedToken(server, person.email)
    const rows = await withMail.sql(
      'select t::text as row from identity.one_time_token t union all select m::text from mails m',
    )
    expect(JSON.stringify(rows) + withMail.logLines.join('')).not.toContain(token.slice(4))
  })

  test('409 where no mail is set up, and it is said whom to ask', async () => {
    const { forgot } = await scene(withoutMail)
    const answer = await forgot()
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'tenancy.mail_not_set_up'])
    expect(answer.json().detail).toContain('operator')
  })
})

describe('a link that the operator hands over', () => {
  test('sets a password also where no mail is set up, and is in the log of each of the person’s tenants', async () => {
    const { tenant, person, reset, signIn, isIn, handOver } = await scene(withoutMail)
    const made = await handOver()
    expect(made.statusCode).toBe(201)
    const { token, instructions, person_id } = made.json()
    expect([person_id, instructions]).toEqual([person.personId, expect.stringContaining(token)])
    expect((await reset(token)).statusCode).toBe(204)
    expect(await isIn(person.token)).toBe(false)
    expect((await signIn(NEW)).statusCode).toBe(200)
    const lines = await withoutMail.sql(
      `select actor, subject from audit_log where tenant_id = $1 and action = 'person.hand_over_reset'`,
      [tenant],
    )
    expect(lines).toEqual([{ actor: 'operator', subject: `person:${person.personId}` }])
  })

  test('is the operator’s alone to make: 403 for an owner, whose member may be a member elsewhere; 404 without an account', async () => {
    const { tenant, handOver } = await scene(withoutMail)
    const owner = await withoutMail.member(tenant, 'owner')
    expect((await handOver(owner.token)).statusCode).toBe(403)
    const nobody = await handOver(ADMIN_TOKEN, { email: 'nobody@example.com' })
    expect([nobody.statusCode, nobody.json().code]).toEqual([404, 'tenancy.person_not_found'])
  })
})
