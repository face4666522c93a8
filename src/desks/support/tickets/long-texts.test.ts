import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call } from '../../../../test/harness/call.ts'
import { silent } from '../../../../test/harness/database.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase, type Tx } from '../../../platform/database/index.ts'
import { listCorrected, listOutdated } from './classification-store.ts'
import { ticketsByKey, ticketsOfPage } from './listing/statements.ts'
import { MESSAGE_BYTES_MAX } from './message-size.ts'
import { PREVIEW_CHARACTERS } from './ticket.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api,worker' })
const make = factories(system)
/** What any answer and any batch may have: a few megabytes, whatever the tickets are like. */
const ANSWER_BYTES_MAX = 2_500_000
const LONG = { tenant: tenantId('long'), tickets: 40 }
const WORST = { tenant: tenantId('worst'), tickets: 150 }

const admin = (text: string, values: unknown[] = []) =>
  administer(system.databaseUrl, async (client) => (await client.query(text, values)).rows)
const ask = <Body>(path: string) => call<Body>(`${system.url}${path}`, { token: OPERATOR_TOKEN })

/** Tickets of which each text is as long as it may be, of characters of so many bytes. */
const seed = (tenant: TenantId, tickets: number, texts: Record<'subject' | 'message' | 'customer', string>) =>
  admin(
    `insert into tickets (tenant_id, ticket_id, external_id, source, customer_id, subject, message, status, urgency,
       requires_action, keywords, corrected_at, corrected_by, created_at, updated_at)
     select $1, uuidv7(make_interval(secs => n)), left(n || $5, 200), left($5, 100), left($5, 200), $3, $4, 'open', 'high', true,
       array[repeat(left($5, 1), 60), repeat(left($5, 1), 59)], now() + make_interval(secs => n), 'person:a',
       now() - make_interval(secs => n), now() - make_interval(secs => n)
     from generate_series(1, $2::int) n`,
    [tenant, tickets, texts.subject, texts.message, texts.customer],
  )
beforeAll(async () => {
  await make.makeTenant(LONG.tenant)
  await make.makeTenant(WORST.tenant)
  const text = (length: number) => 'word '.repeat(length / 5)
  await seed(LONG.tenant, LONG.tickets, { subject: text(10_000), message: text(MESSAGE_BYTES_MAX), customer: 'c' })
  const emoji = '🙂'
  await seed(WORST.tenant, WORST.tickets, {
    ...{ subject: `word ${emoji.repeat(9_995)}`, message: `word ${emoji.repeat(20_000)}`, customer: emoji.repeat(200) },
  })
})

type Listed = {
  tickets: { external_id: string; subject: string; message: string; is_preview: boolean; message_is_cut: boolean }[]
  total: number
  next_cursor: string | null
}

/** All pages of a list, each shorter than an answer may be. */
async function walk<Body extends { next_cursor: string | null }>(path: string): Promise<Answer<Body>[]> {
  const pages: Answer<Body>[] = []
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Answer<Body> = await ask<Body>(`${path}${cursor ? `&cursor=${cursor}` : ''}`)
    expect(page.status).toBe(200)
    expect(Buffer.byteLength(page.text)).toBeLessThan(ANSWER_BYTES_MAX)
    pages.push(page)
    cursor = page.body.next_cursor
  }
  return pages
}

describe.each([
  ['a list', '/tickets?'],
  ['a list from the oldest', '/tickets?sort=created_at&'],
  ['the urgent ones', '/tickets/urgent?'],
  ['a search', '/tickets?q=word&'],
  ['a search by relevance', '/tickets?q=word&sort=relevance&'],
])('%s of tickets with the longest texts', (_what, path) => {
  it('has previews of them, and all tickets once over its pages', async () => {
    const pages = await walk<Listed>(`${path}tenant_id=${LONG.tenant}&limit=30`)
    const tickets = pages.flatMap(({ body }) => body.tickets)
    expect(new Set(tickets.map(({ external_id }) => external_id)).size).toBe(LONG.tickets)
    expect(tickets).toHaveLength(LONG.tickets)
    for (const { subject, message, is_preview } of tickets) {
      expect([subject.length, message.length, is_preview]).toEqual([
        PREVIEW_CHARACTERS.subject,
        PREVIEW_CHARACTERS.message,
        true,
      ])
    }
  })

  it('of characters of four bytes ends pages early, and has all tickets once over them', async () => {
    const pages = await walk<Listed>(`${path}tenant_id=${WORST.tenant}&limit=200`)
    expect(pages[0]?.body.tickets.length).toBeLessThan(WORST.tickets)
    const ids = pages.flatMap(({ body }) => body.tickets.map(({ external_id }) => external_id))
    expect(new Set(ids).size).toBe(WORST.tickets)
    expect(ids).toHaveLength(WORST.tickets)
  })
})

describe('a page by its number', () => {
  it('never ends early: the next number would leave out what it left', async () => {
    const pageOf = (number: number) =>
      ask<Listed>(`/tickets?tenant_id=${WORST.tenant}&page=${number}&page_size=100`).then(({ body }) => body.tickets)
    const pages = [await pageOf(1), await pageOf(2)]
    expect(pages.map(({ length }) => length)).toEqual([100, 50])
    expect(new Set(pages.flat().map(({ external_id }) => external_id)).size).toBe(WORST.tickets)
  })
})

describe('what PostgreSQL sends', () => {
  const inTenant = async <T>(tenant: TenantId, work: (tx: Tx) => Promise<T>) => {
    const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
    try {
      return await database.withTenant(tenant, work)
    } finally {
      await database.close()
    }
  }
  const bytesOf = (rows: unknown[]) => Buffer.byteLength(JSON.stringify(rows))

  it('of a page, a batch of an export, of corrections or of tickets to classify is a few megabytes', async () => {
    for (const { tenant } of [LONG, WORST]) {
      const filter = { tenant_id: tenant, include_deleted: false }
      const page = { sort: '-created_at', slice: { limit: 201, offset: 0 }, position: undefined } as const
      const keys = await admin('select ticket_id, created_at, updated_at from tickets where tenant_id = $1', [tenant])
      const sent = await inTenant(tenant, async (tx) => [
        (await ticketsOfPage.walk(filter, page).execute(tx)).rows,
        (await ticketsOfPage.gather(filter, page).execute(tx)).rows,
        (await ticketsByKey(filter, keys).execute(tx)).rows,
        await listCorrected(tx, { after: undefined, limit: 200 }),
        await listOutdated(tx, { ruleVersion: 'none', after: undefined, limit: 200 }),
      ])
      for (const rows of sent) {
        expect(rows.length).toBeGreaterThan(0)
        expect(bytesOf(rows)).toBeLessThan(ANSWER_BYTES_MAX)
      }
    }
  })
})

describe('a ticket by its id', () => {
  it('has its whole texts', async () => {
    const [first] = (await ask<Listed>(`/tickets?tenant_id=${LONG.tenant}&limit=1`)).body.tickets
    const path = `/tickets/${first?.external_id}?tenant_id=${LONG.tenant}`
    const { body } = await ask<{ message: string; subject: string }>(path)
    expect([body.message.length, body.subject.length]).toEqual([MESSAGE_BYTES_MAX - 1, 10_000])
  })
})

describe('a message longer than what is stored', () => {
  it('is cut where it comes in, says so, and stays as it is by an export and an import', async () => {
    const tenant = 'cut'
    await make.makeTenant(tenant)
    const importFile = async (file: string) => {
      const sent = await fetch(`${system.url}/ingest/import?tenant_id=${tenant}`, {
        ...{ method: 'POST', body: file },
        headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/x-ndjson' },
      })
      const { job_id } = (await sent.json()) as { job_id: string }
      return waitFor('the import never ended', async () => {
        const { body } = await ask<{ status: string; failed: number }>(`/ingest/progress/${job_id}`)
        return ['completed', 'failed'].includes(body.status) ? body : undefined
      })
    }
    const row = (id: string, message: string) =>
      JSON.stringify({ id, customer_id: 'c', subject: 's', message, created_at: '2026-01-01T00:00:00Z' })
    const job = await importFile(`${row('long', 'ü'.repeat(700_000))}\n${row('short', 'ü'.repeat(1_000))}\n`)
    expect(job).toMatchObject({ status: 'completed', created: 2, failed: 0 })
    const show = async (id: string) =>
      (await ask<{ message: string; message_is_cut: boolean }>(`/tickets/${id}?tenant_id=${tenant}`)).body
    const [cut, short] = [await show('long'), await show('short')]
    expect([cut.message === 'ü'.repeat(MESSAGE_BYTES_MAX / 2), cut.message_is_cut]).toEqual([true, true])
    expect([short.message.length, short.message_is_cut]).toEqual([1_000, false])
    // The same again is no news: both sides were cut alike.
    const again = await importFile(`${row('long', 'ü'.repeat(700_000))}\n`)
    expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 1 })

    const file = await ask(`/tickets/export?tenant_id=${tenant}&format=ndjson`)
    const exported = file.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { external_id: string; message_is_cut: boolean })
    expect(exported.map(({ external_id, message_is_cut }) => [external_id, message_is_cut]).toSorted()).toEqual([
      ['long', true],
      ['short', false],
    ])
    await admin('delete from tickets where tenant_id = $1', [tenant])
    // As an import takes it, which is told the tenant by its address.
    expect(await importFile(file.text)).toMatchObject({ created: 2, failed: 0 })
    expect(await show('long')).toMatchObject({ message: cut.message, message_is_cut: true })
  })
})

describe('the history of a ticket whose message changed often', () => {
  it('has all changes once over its pages, each with its whole texts', async () => {
    const tenant = 'changing'
    await make.makeTenant(tenant)
    const ticket = await make.makeTicket(tenant)
    await admin(
      `insert into ticket_history (tenant_id, ticket_id, action, field, old_value, new_value, recorded_at, changed_by)
       select $1, $2, 'updated', field, repeat(chr(64 + n), 600000), repeat(chr(65 + n), 600000),
         now() - make_interval(mins => n) + interval '1 microsecond', 'person:a'
       from generate_series(1, 9) n, (values ('subject'), ('message')) as fields (field)`,
      [tenant, ticket],
    )
    type History = { history: { changes: Record<string, { old: string; new: string }> }[]; next_cursor: string | null }
    const pages: History[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await ask<History>(
        `/tickets/${ticket}/history?tenant_id=${tenant}&limit=200${cursor ? `&cursor=${cursor}` : ''}`,
      )
      // One change may be longer than a page, and is shown all the same.
      expect(Buffer.byteLength(page.text)).toBeLessThan(ANSWER_BYTES_MAX)
      pages.push(page.body)
      cursor = page.body.next_cursor
    }
    const changes = pages.flatMap(({ history }) => history)
    expect(changes.map(({ changes: { message } }) => [message?.old[0], message?.new.length])).toEqual(
      ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'].map((letter) => [letter, 600_000]),
    )
    expect(Object.keys(changes[0]?.changes ?? {}).toSorted()).toEqual(['message', 'subject'])
  })
})
