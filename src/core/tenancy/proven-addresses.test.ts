import { afterAll, describe, expect, test } from 'vitest'
import { startFakeMailServer } from '../../../test/fakes/mail-server.ts'
import { mailedToken, mailsTo, textOf } from '../../../test/harness/mailed-token.ts'
import { ADMIN_TOKEN, PASSWORD, testTenancy } from '../../../test/harness/tenancy.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { hashSecret } from './secrets.ts'

const server = await startFakeMailServer()
afterAll(() => server.close())
const withMail = testTenancy({ smtpUrl: server.url, publicUrl: 'https://ops.example.com' })
const withoutMail = testTenancy()
type Running = typeof withMail

let guests = 0
const guest = () => `guest-${++guests}@example.com`
const EVES = 'the password of eve'
const HIS = 'the password of the owner'

/** A tenant of Eve's, who may invite whom she likes, and one that is about to be run by somebody else. */
async function scene(running: Running) {
  const [evil, victim] = [await running.tenant(), await running.tenant()]
  const eve = await running.member(evil, 'owner')
  const invite = (token: string, tenant: string, email: string, role = 'viewer') =>
    running.call('POST', `/tenants/${tenant}/invitations`, { token, body: { email, role } })
  const accept = (token: string, password: string, headers: Record<string, string> = {}) =>
    running.call('POST', '/invitations/accept', { body: { token, name: 'Somebody', password }, headers })
  const signIn = (email: string, password: string) =>
    running.call('POST', '/auth/sign-in', { body: { email, password } })
  return { evil, victim, eve, invite, accept, signIn }
}

describe('where mail is set up, an invitation', () => {
  test('goes to the address and nowhere else; accepting it proves the address', async () => {
    const { evil, eve, invite, accept } = await scene(withMail)
    const email = guest()
    const made = await invite(eve.token, evil, email)
    expect(made.json()).toMatchObject({ status: 'open', delivery: 'mail', token: null })
    const token = await mailedToken(server, email)
    expect(made.body).not.toContain(token)
    expect(textOf(mailsTo(server, email)[0]?.raw ?? '')).toContain(
      `https://ops.example.com/link#accept-invitation=${token}`,
    )
    const list = await withMail.call('GET', `/tenants/${evil}/invitations`, { token: eve.token })
    expect(list.json().invitations).toMatchObject([{ email, delivery: 'mail' }])
    const accepted = await accept(token, HIS)
    expect([accepted.statusCode, accepted.json().person]).toMatchObject([201, { email, is_email_proven: true }])
    const members = await withMail.call('GET', `/tenants/${evil}/members`, { token: eve.token })
    expect(members.json().members).toContainEqual(expect.objectContaining({ email, is_email_proven: true }))
  })

  test('is nothing to whoever wrote it: no answer, table or log line has its token', async () => {
    const { evil, eve, invite } = await scene(withMail)
    const email = guest()
    const made = await invite(eve.token, evil, email)
    const token = await mailedToken(server, email)
    const rows = await withMail.sql('select i::text as row from invitations i union all select m::text from mails m')
    expect(made.body + JSON.stringify(rows) + withMail.logLines.join('')).not.toContain(token.slice(4))
  })

  test('is told in words that nobody of the tenant chose', async () => {
    const { evil, eve, invite } = await scene(withMail)
    await withMail.sql(`update tenants set name = 'http://evil.example' where tenant_id = $1`, [evil])
    const email = guest()
    await invite(eve.token, evil, email)
    await mailedToken(server, email)
    expect(mailsTo(server, email)[0]?.raw).not.toContain('evil.example')
  })

  test('that was handed over before makes no account: 409, and whoever has one is let in with it', async () => {
    const { evil, eve, invite, accept } = await scene(withMail)
    const old = async (email: string) => {
      const token = `sbi_${'o'.repeat(30)}${email}`
      const { invitation_id } = (await invite(eve.token, evil, email)).json()
      await withMail.sql('update invitations set is_mailed = false, token_hash = $1 where invitation_id = $2', [
        ...[hashSecret(token), invitation_id],
      ])
      return token
    }
    const email = guest()
    const refused = await accept(await old(email), EVES)
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'tenancy.address_not_proven'])
    expect(await withMail.sql('select from identity."user" where email = $1', [email])).toEqual([])
    const known = await withMail.person()
    expect((await accept(await old(known.email), PASSWORD)).statusCode).toBe(201)
  })

  test('that is revoked before it has left is not sent', async () => {
    const { evil, eve, invite } = await scene(withMail)
    const [revoked, other] = [guest(), guest()]
    server.setFault({ kind: 'answer', to: 'MAIL FROM', code: 451 })
    const { invitation_id } = (await invite(eve.token, evil, revoked)).json()
    await withMail.call('DELETE', `/tenants/${evil}/invitations/${invitation_id}`, { token: eve.token })
    server.setFault(null)
    await withMail.sql(`update mails set due_at = now() where kind = 'tenancy.invitation'`)
    await invite(eve.token, evil, other)
    await mailedToken(server, other)
    expect(mailsTo(server, revoked)).toEqual([])
  })

  test('is asked of one address so often, by all tenants together: 429', async () => {
    const email = guest()
    const answers = []
    for (let n = 0; n < 4; n += 1) {
      const { evil, eve, invite } = await scene(withMail)
      answers.push((await invite(eve.token, evil, email)).statusCode)
    }
    expect(answers).toEqual([201, 201, 201, 429])
  })

  test('proves the address of an account that is there when its owner accepts', async () => {
    const { evil, eve, invite, accept } = await scene(withMail)
    const known = await withMail.person()
    await withMail.sql('update identity."user" set email_verified = false where email = $1', [known.email])
    await invite(eve.token, evil, known.email)
    const token = await mailedToken(server, known.email)
    expect((await accept(token, EVES)).statusCode).toBe(401)
    expect((await accept(token, PASSWORD)).json().person).toMatchObject({ is_email_proven: true })
  })
})

describe('an address that somebody else has taken', () => {
  test('where no mail is set up, is given back by the operator: who took it is out, and gets into no other tenant', async () => {
    const { evil, victim, eve, invite, accept, signIn } = await scene(withoutMail)
    const email = guest()
    // Eve keeps the token of her own invitation.
    const hers = await accept((await invite(eve.token, evil, email)).json().token, EVES)
    expect([hers.statusCode, hers.json().person.is_email_proven]).toEqual([201, false])
    const stolen = (await signIn(email, EVES)).json().token
    // The owner of the address is invited where they belong.
    const { token, delivery } = (await invite(ADMIN_TOKEN, victim, email, 'owner')).json()
    expect(delivery).toBe('hand')
    expect((await accept(token, HIS)).statusCode).toBe(401)
    const link = await withoutMail.call('POST', '/operator/password-resets', { token: ADMIN_TOKEN, body: { email } })
    const body = { token: link.json().token, new_password: HIS }
    expect((await withoutMail.call('POST', '/auth/reset-password', { body })).statusCode).toBe(204)
    expect((await withoutMail.call('GET', '/auth/session', { token: stolen })).statusCode).toBe(401)
    expect((await signIn(email, EVES)).statusCode).toBe(401)
    expect((await accept(token, HIS)).json().person).toMatchObject({ is_email_proven: true })
    expect((await signIn(email, HIS)).json().tenants).toContainEqual(expect.objectContaining({ tenant_id: victim }))
  })

  test('where mail is set up by now, is taken back by its owner alone', async () => {
    const { accept, invite, victim, signIn } = await scene(withMail)
    const email = guest()
    await withMail.api.createPerson({ name: 'Eve', email, password: EVES })
    await withMail.sql('update identity."user" set email_verified = false where email = $1', [email])
    const stolen = (await signIn(email, EVES)).json().token
    await withMail.call('POST', '/auth/forgot-password', { body: { email } })
    const reset = await mailedToken(server, email)
    await withMail.call('POST', '/auth/reset-password', { body: { token: reset, new_password: HIS } })
    expect((await withMail.call('GET', '/auth/session', { token: stolen })).statusCode).toBe(401)
    await invite(ADMIN_TOKEN, victim, email, 'owner')
    await waitFor('the invitation never came', () =>
      mailsTo(server, email).some(({ raw }) => raw.includes('An invitation')),
    )
    const invitation = mailsTo(server, email)
      .map(({ raw }) => /sbi_[A-Za-z0-9_-]{43}/.exec(textOf(raw))?.[0])
      .find(Boolean)
    expect((await accept(invitation ?? '', EVES)).statusCode).toBe(401)
    expect((await accept(invitation ?? '', HIS)).statusCode).toBe(201)
  })
})

describe('one’s own address', () => {
  const unproven = async () => {
    const member = await withMail.member(await withMail.tenant(), 'viewer')
    await withMail.sql('update identity."user" set email_verified = false where id = $1', [member.personId])
    return member
  }
  const ask = (token: string) => withMail.call('POST', '/auth/prove-address', { token })
  const confirm = (token: string, mailed: string) =>
    withMail.call('POST', '/auth/confirm-address', { token, body: { token: mailed } })
  const isProven = async (token: string) =>
    (await withMail.call('GET', '/auth/session', { token })).json().person.is_email_proven

  test('is proven with a link that comes there, once', async () => {
    const person = await unproven()
    expect(await isProven(person.token)).toBe(false)
    expect((await ask(person.token)).statusCode).toBe(202)
    const mailed = await mailedToken(server, person.email)
    expect((await confirm(person.token, mailed)).statusCode).toBe(204)
    expect(await isProven(person.token)).toBe(true)
    expect((await confirm(person.token, mailed)).statusCode).toBe(410)
  })

  test('is not proven by a click of somebody who is not signed in to that account', async () => {
    const [eve, other] = [await unproven(), await unproven()]
    await ask(eve.token)
    const mailed = await mailedToken(server, eve.email)
    const clicked = await withMail.call('POST', '/auth/confirm-address', { body: { token: mailed } })
    expect(clicked.statusCode).toBe(401)
    expect((await confirm(other.token, mailed)).statusCode).toBe(410)
    expect([await isProven(eve.token), await isProven(other.token)]).toEqual([false, false])
  })

  test('is asked so often: 429; 409 where no mail is set up', async () => {
    const person = await unproven()
    const answers = []
    for (let n = 0; n < 4; n += 1) answers.push((await ask(person.token)).statusCode)
    expect(answers).toEqual([202, 202, 202, 429])
    const elsewhere = await withoutMail.member(await withoutMail.tenant(), 'viewer')
    expect((await withoutMail.call('POST', '/auth/prove-address', { token: elsewhere.token })).statusCode).toBe(409)
  })
})
