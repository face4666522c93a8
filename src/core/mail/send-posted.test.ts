import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { startFakeMailServer } from '../../../test/fakes/mail-server.ts'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { removeOld } from '../../../test/harness/remove-old.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { mailRetention } from './index.ts'
import { openLetters } from './letters.ts'
import { sendPosted } from './send-posted.ts'
import { NO_TENANT } from './store.ts'
import { openTransport } from './transport.ts'

const db = testDatabase({ max: 12 })
const ALDER = tenantId('alder')
const WHY = 'the test looks at mail of all tenants'
const waiting = () =>
  db.database.acrossTenants(WHY, async (tx) => {
    const { rows } = await sql<{ kind: string; attempts: number; dueInSeconds: number; text: string }>`
      select kind, attempts, extract(epoch from due_at - now())::float8 as "dueInSeconds", m::text as text from mails m`.execute(
      tx,
    )
    return rows
  })
const move = (seconds: number) =>
  db.database.acrossTenants(WHY, (tx) =>
    sql`update mails set due_at = due_at - ${seconds} * interval '1 second',
      expires_at = expires_at - ${seconds} * interval '1 second'`.execute(tx),
  )

const About = z.object({ name: z.string() })
let kinds = 0
/** A mail server, a kind of mail of the test's own, and processes that send what is posted. */
async function scene(write?: (name: string) => Promise<string | null>) {
  await db.database.acrossTenants(WHY, (tx) => sql`delete from mails`.execute(tx))
  const server = await startFakeMailServer()
  onTestFinished(() => server.close())
  const letters = openLetters()
  const post = letters.declare({
    ...{ kind: `test.kind_${++kinds}`, about: About, keptSeconds: 3_600 },
    write: async ({ name }) => {
      const text = write ? await write(name) : `Hello ${name}`
      return text === null ? null : { to: [`${name}@example.com`], subject: 'Hello', text }
    },
  })
  const send = openTransport({ url: server.url, from: 'ops@example.com' })
  const start = () => {
    const sending = sendPosted({ database: db.database, letters, send, logger: silent, lookEverySeconds: 0.05 })
    onTestFinished(() => sending.stop())
    return sending
  }
  const postTo = (name: string) => db.database.acrossTenants(WHY, (tx) => post(tx, NO_TENANT, { name }))
  const nobodyLeft = () => waitFor('there is mail left', async () => (await waiting()).length === 0)
  const received = () => server.mails().map(({ to }) => to[0])
  return { server, letters, post, postTo, start, nobodyLeft, received }
}

describe('a posted mail', () => {
  it('leaves when its cause is committed, of a tenant and of nobody’s, and never when it is rolled back', async () => {
    const { post, postTo, start, nobodyLeft, received } = await scene()
    start()
    await db.database.withTenant(ALDER, (tx) => post(tx, ALDER, { name: 'ada' }))
    await db.database
      .withTenant(ALDER, async (tx) => {
        await post(tx, ALDER, { name: 'never' })
        throw new Error('rolled back')
      })
      .catch(() => undefined)
    await postTo('ben')
    await nobodyLeft()
    expect(received().toSorted()).toEqual(['ada@example.com', 'ben@example.com'])
  })

  it('is sent once, however many processes send', async () => {
    const { postTo, start, nobodyLeft, received } = await scene()
    const names = Array.from({ length: 40 }, (_, n) => `p${n}`)
    await Promise.all(names.map(postTo))
    for (let n = 0; n < 4; n += 1) start()
    await nobodyLeft()
    expect(received().toSorted()).toEqual(names.map((name) => `${name}@example.com`).toSorted())
  })

  it('waits for a mail server that is away, and then leaves written anew', async () => {
    let written = 0
    const { server, postTo, start, nobodyLeft } = await scene(async () => `link ${++written}`)
    server.setFault({ kind: 'reset' })
    start()
    await postTo('ada')
    // While it is tried it is due after its lease of a minute; a failure is recorded with a wait of at most 15 s.
    await waitFor('that it failed was never recorded', async () => {
      const [mail] = await waiting()
      return mail?.attempts === 1 && mail.dueInSeconds < 20
    })
    server.setFault(null)
    await move(20)
    await nobodyLeft()
    expect(server.mails()).toHaveLength(1)
    expect(server.mails()[0]?.raw).toContain('link 2')
  })

  it('that its sender died with is sent again under the same Message-ID', async () => {
    const { server, postTo, start, nobodyLeft } = await scene()
    await postTo('ada')
    await db.database.acrossTenants(WHY, (tx) =>
      sql`update mails set attempts = 1, due_at = now() + interval '1 minute'`.execute(tx),
    )
    const [{ text = '' } = {}] = await waiting()
    start()
    await move(61)
    await nobodyLeft()
    const [, mailId = 'none'] = /\(.*?,([0-9a-f-]{36})/.exec(text) ?? []
    expect(server.mails()[0]?.raw).toMatch(new RegExp(`^Message-ID: <${mailId}@example\\.com>`, 'im'))
  })

  it('that the server refuses for good is not tried again', async () => {
    const { server, postTo, start, nobodyLeft } = await scene()
    server.setFault({ kind: 'answer', to: 'RCPT TO', code: 550 })
    start()
    await postTo('ada')
    await nobodyLeft()
    expect(server.mails()).toEqual([])
  })

  it('is given up when it has expired, and not sent then', async () => {
    const { server, postTo, start, nobodyLeft } = await scene()
    await postTo('ada')
    await move(3_601)
    start()
    await nobodyLeft()
    expect(server.mails()).toEqual([])
  })

  it('is not sent when there is nothing to say any more', async () => {
    const { server, postTo, start, nobodyLeft } = await scene(async () => null)
    start()
    await postTo('ada')
    await nobodyLeft()
    expect(server.mails()).toEqual([])
  })

  it('lies in the database without what stands in it', async () => {
    const { postTo } = await scene(async () => 'swordfish')
    await postTo('ada')
    expect((await waiting()).map(({ text }) => text).join()).not.toContain('swordfish')
  })

  it('of a kind that no process knows is left alone, and forgotten an hour after it expired', async () => {
    const { letters, postTo } = await scene()
    await postTo('ada')
    const forget = () => removeOld(db.database, mailRetention)
    const other = openLetters()
    const sending = sendPosted({
      ...{ database: db.database, letters: other, logger: silent, lookEverySeconds: 0.01 },
      send: () => Promise.reject(new Error('this kind is not known here')),
    })
    expect(letters.kinds()).toHaveLength(1)
    await move(3_000)
    await sending.stop()
    expect((await waiting()).map(({ attempts }) => attempts)).toEqual([0])
    expect(await forget()).toBe(0)
    await move(4_201)
    expect(await forget()).toBe(1)
  })
})
