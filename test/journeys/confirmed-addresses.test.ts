import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { startFakeMailServer } from '../fakes/mail-server.ts'
import { call } from '../harness/call.ts'
import { factories } from '../harness/factories.ts'
import { mailedToken, mailsTo, textOf } from '../harness/mailed-token.ts'
import { administer, createDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const mail = await startFakeMailServer()
afterAll(() => mail.close())
const system = testSystem({
  ...{ SIGNALBOX_ROLES: 'api,worker', SIGNALBOX_PUBLIC_URL: 'https://ops.example.com' },
  ...{ SMTP_URL: mail.url, MAIL_FROM: 'Signalbox <ops@example.com>' },
})

type Body = Record<string, unknown> & { channel_id: string; awaiting_confirmation: string[]; code: string }
let made = 0
const person = () => `person-${++made}@example.com`

async function scene(tenant = `tenant_${++made}`) {
  await factories(system).makeTenant(tenant)
  const ask = (method: string, path: string, body?: unknown) =>
    call<Body>(`${system.url}/api/v1${path}?tenant_id=${tenant}`, { method, token: OPERATOR_TOKEN, body })
  const add = async (...recipients: string[]) => {
    const name = `channel ${++made}`
    const { body } = await ask('POST', '/channels', { kind: 'email', name, recipients })
    await ask('POST', '/subscriptions', { channel_id: body.channel_id })
    return body
  }
  const show = async ({ channel_id }: Body) => (await ask('GET', `/channels/${channel_id}`)).body
  const test = ({ channel_id }: Body) => ask('POST', `/channels/${channel_id}/test`)
  const askAgain = ({ channel_id }: Body) => ask('POST', `/channels/${channel_id}/ask-for-confirmation`)
  const sql = (statement: string, values: unknown[] = []) =>
    administer(system.databaseUrl, async (superuser) => (await superuser.query(statement, values)).rows)
  /** What is raised is told to the channels that can be reached; returns how many deliveries that makes by mail. */
  const raise = async () => {
    const id = randomUUID()
    await sql(
      `insert into signals (signal_id, tenant_id, kind, subject, severity, title, dedupe_key)
       values ($1::uuid, $2, 'test.signal', $3, 'critical', 'Raised', $3)`,
      [id, tenant, `thing:${id}`],
    )
    const rows = await sql(
      `select from deliveries join channels using (tenant_id, channel_id) where signal_id = $1 and kind = 'email'`,
      [id],
    )
    return rows.length
  }
  const confirm = (token: string) =>
    call<Body>(`${system.url}/api/v1/channels/confirm-address`, { method: 'POST', body: { token } })
  return { tenant, ask, add, show, test, askAgain, sql, raise, confirm }
}

const subjects = (address: string) =>
  mailsTo(mail, address).map(({ raw }) =>
    /^Subject: (.*)$/m
      .exec(raw)?.[1]
      ?.replace(/^\[.*\] /, '')
      .trim(),
  )
const ASKED = 'Confirm your address for signals'

describe('a mail address of a channel', () => {
  it('gets nothing but the mail that asks its owner, until they confirm; then it gets signals', async () => {
    const { add, show, raise, confirm } = await scene()
    const [ada, ben] = [person(), person()]
    const channel = await add(ada, ben)
    expect(channel.awaiting_confirmation).toEqual([ada, ben])
    const token = await mailedToken(mail, ada)
    await mailedToken(mail, ben)
    expect(await raise()).toBe(0)

    expect(await confirm(token)).toMatchObject({ status: 200, body: { address: ada } })
    expect((await show(channel)).awaiting_confirmation).toEqual([ben])
    expect(await raise()).toBe(1)
    await waitFor('the signal never arrived', () => mailsTo(mail, ada).length === 2)
    expect([subjects(ada), subjects(ben)]).toEqual([[ASKED, 'Raised'], [ASKED]])
  })

  it('gets one test before it is confirmed, and no second one', async () => {
    const { add, test, confirm } = await scene()
    const ada = person()
    const channel = await add(ada)
    expect(await test(channel)).toMatchObject({ status: 200, body: { outcome: 'delivered' } })
    for (let again = 0; again < 3; again += 1) {
      expect(await test(channel)).toMatchObject({ status: 409, body: { code: 'channels.unconfirmed' } })
    }
    await waitFor('the owner was never asked', () => mailsTo(mail, ada).length === 2)
    expect(subjects(ada).toSorted()).toEqual([ASKED, 'This is a test: nothing has to be done.'])
    for (const { raw } of mailsTo(mail, ada)) {
      const token = /sbc_[A-Za-z0-9_-]{43}/.exec(textOf(raw))?.[0]
      if (token !== undefined) await confirm(token)
    }
    expect((await test(channel)).body).toMatchObject({ outcome: 'delivered' })
  })

  it('is confirmed once for a tenant, and anew for another', async () => {
    const [ours, theirs] = [await scene(), await scene()]
    const ada = person()
    await ours.add(ada)
    await ours.confirm(await mailedToken(mail, ada))
    expect((await ours.add(ada.toUpperCase())).awaiting_confirmation).toEqual([])
    expect((await theirs.add(ada)).awaiting_confirmation).toEqual([ada])
  })

  it('that a change brings in is asked like a new one, and what is left goes on', async () => {
    const { ask, add, confirm, raise } = await scene()
    const [ada, eve] = [person(), person()]
    const channel = await add(ada)
    await confirm(await mailedToken(mail, ada))
    const changed = await ask('PATCH', `/channels/${channel.channel_id}`, { recipients: [ada, eve] })
    expect(changed.body.awaiting_confirmation).toEqual([eve])
    await mailedToken(mail, eve)
    expect(await raise()).toBe(1)
    await waitFor('the signal never arrived', () => mailsTo(mail, ada).length === 2)
    expect(subjects(eve)).toEqual([ASKED])
    const left = await ask('PATCH', `/channels/${channel.channel_id}`, { recipients: [eve] })
    expect(left.body.awaiting_confirmation).toEqual([eve])
    expect(await raise()).toBe(0)
  })

  it('is asked once a day by itself, however often channels are made and deleted', async () => {
    const { ask, add } = await scene()
    const ada = person()
    for (let n = 0; n < 5; n += 1) {
      const channel = await add(ada)
      await ask('DELETE', `/channels/${channel.channel_id}`)
    }
    // Of another one, posted later: what was posted before is on its way too, and arrives in any order.
    const later = person()
    await add(ada, later)
    await mailedToken(mail, later)
    await mailedToken(mail, ada)
    expect(subjects(ada)).toEqual([ASKED])
  })

  it('is asked again when somebody wants that, with a new token that replaces the old one, and not without end', async () => {
    const { add, askAgain, confirm } = await scene()
    const ada = person()
    const channel = await add(ada)
    const first = await mailedToken(mail, ada)
    expect((await askAgain(channel)).status).toBe(202)
    const second = await mailedToken(mail, ada, 2)
    expect(await confirm(first)).toMatchObject({ status: 404, body: { code: 'channels.confirmation_not_found' } })
    expect((await askAgain(channel)).status).toBe(202)
    expect(await askAgain(channel)).toMatchObject({
      ...{ status: 429, body: { code: 'channels.too_many_confirmations' } },
    })
    expect(second).not.toBe(first)
    expect((await confirm(await mailedToken(mail, ada, 3))).status).toBe(200)
  })

  it('is not confirmed by a token that is too old, made up, or another one’s', async () => {
    const { add, show, sql, confirm } = await scene()
    const ada = person()
    const channel = await add(ada)
    const token = await mailedToken(mail, ada)
    expect((await confirm(`sbc_${'x'.repeat(43)}`)).status).toBe(404)
    await sql('update channel_addresses set token_expires_at = now() where address = $1', [ada])
    expect((await confirm(token)).status).toBe(404)
    expect((await show(channel)).awaiting_confirmation).toEqual([ada])
  })

  it('is told who wants to write to it in words that nobody there chose, with a link to the address that the operator chose', async () => {
    const { tenant, ask, sql } = await scene()
    const ada = person()
    await sql(`update tenants set name = 'http://evil.example' where tenant_id = $1`, [tenant])
    await ask('POST', '/channels', { kind: 'email', name: 'http://evil.example', recipients: [ada] })
    const token = await mailedToken(mail, ada)
    const [{ raw = '' } = {}] = mailsTo(mail, ada)
    expect(raw).not.toContain('evil')
    expect(textOf(raw)).toContain(`https://ops.example.com/link#confirm-address=${token}`)
    expect(textOf(raw)).toContain(`"${tenant}"`)
  })

  it('lies in the database without its token', async () => {
    const { add, sql } = await scene()
    const ada = person()
    await add(ada)
    const token = await mailedToken(mail, ada)
    const rows = await sql('select a::text as text from channel_addresses a union all select m::text from mails m')
    expect(JSON.stringify(rows)).not.toContain(token.slice(4))
  })
})

describe('channels that are there at the upgrade', () => {
  it('stay confirmed', async () => {
    const database = await createDatabase(inject('serverUrl'))
    onTestFinished(database.drop)
    const migration = new URL('../../src/core/channels/migrations/0002_confirmed_addresses.sql', import.meta.url)
    const rows = await administer(database.url, async (superuser) => {
      await superuser.query(`
        alter table channels drop column is_reachable, drop column awaiting;
        drop table channel_addresses;
        insert into tenants (tenant_id, name) values ('alder', 'Alder');
        insert into channels (tenant_id, kind, name, settings, created_by)
        values ('alder', 'email', 'mail', '{"recipients": ["Ada@example.com", "ben@example.com"]}', 'operator');
        set role signalbox_owner`)
      await superuser.query(`begin; ${await readFile(migration, 'utf8')}; commit; reset role`)
      const found = await superuser.query(`
        select kind, awaiting, is_reachable, (select string_agg(address, ' ' order by address) from channel_addresses
          where confirmed_at is not null) as confirmed from channels order by kind`)
      return found.rows
    })
    const confirmed = 'ada@example.com ben@example.com'
    expect(rows).toEqual([
      { kind: 'email', awaiting: [], is_reachable: true, confirmed },
      { kind: 'notify', awaiting: [], is_reachable: true, confirmed },
    ])
  })
})
