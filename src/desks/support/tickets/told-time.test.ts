import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { classified } from '../../../../test/harness/classified.ts'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { administer } from '../../../../test/harness/server.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openClassifier } from '../classification/index.ts'
import { listOutdated, storeJudgements } from './classification-store.ts'
import { classifyTicketsWith } from './classify-tickets.ts'
import { type DeliveredTicket, upsertTickets } from './index.ts'
import { findTicket } from './store.ts'
import { lastTold, toldAt } from './told-time.ts'

const db = testDatabase()
const alder = tenantId('alder')
const HOUR = 3_600_000
const SKEW_SECONDS = 600
const FAR = '2206-01-01T00:00:00.000Z'
const EVERYTHING = { ruleVersion: 'later', after: undefined, limit: 10_000 }
const told = () => ({ now: Date.now(), skewSeconds: SKEW_SECONDS })

beforeAll(async () => {
  await db.database.acrossTenants('a tenant of this test', (tx) =>
    tx.insertInto('tenants').values({ tenant_id: alder, name: alder }).execute(),
  )
})

let ids = 0
const newId = () => `ext-${++ids}`
const ticket = (external_id: string, change: Partial<DeliveredTicket> = {}): DeliveredTicket => ({
  ...{ external_id, source: 'email', customer_id: 'cust_1', subject: 'Subject', message: 'Text.', status: 'open' },
  ...{ created_at: '2026-03-01T10:00:00.000Z', updated_at: '2026-03-01T10:00:00.000Z' },
  ...change,
})
const store = (...tickets: DeliveredTicket[]) =>
  db.database.withTenant(alder, (tx) =>
    upsertTickets(
      tx,
      tickets.map((each) => classified(toldAt(each, told()) as DeliveredTicket)),
      { runId: null, origin: 'provider' },
    ),
  )
const stored = async (id: string) => {
  const found = await db.database.withTenant(alder, (tx) => findTicket(tx, id))
  if (!found) throw new Error(`${id} is not stored`)
  return { subject: found.subject, updated_at: found.updated_at.toISOString(), ingested_at: found.ingested_at }
}

type Version = { time: number; isAhead: boolean; subject: string }
const version = fc.record({
  time: fc.integer({ min: 1, max: 4 }),
  isAhead: fc.boolean(),
  subject: fc.constantFrom('a', 'b', 'c'),
})
const versions = fc.array(version, { minLength: 1, maxLength: 8 })
const STARTED_AT = Date.now()
/** Hours ago, or years ahead. */
const asTicket = (id: string, { time, isAhead, subject }: Version) =>
  ticket(id, {
    subject,
    updated_at: isAhead ? FAR.replace('2206', `220${time}`) : new Date(STARTED_AT - (9 - time) * HOUR).toISOString(),
  })
const EVERY_VERSION: Version[] = [1, 2, 3, 4].flatMap((time) =>
  [true, false].flatMap((isAhead) => ['a', 'b', 'c'].map((subject) => ({ time, isAhead, subject }))),
)

/** The last version that is not older than a believable time told before it. */
const standing = (all: readonly Version[]) =>
  all.findLast(
    ({ time, isAhead }, index) =>
      isAhead || all.slice(0, index).every((before) => before.isAhead || before.time <= time),
  )

describe('versions of a ticket', () => {
  it('whatever their times and in whatever order: the last told stands that is not older than what was told before', async () => {
    await fc.assert(
      fc.asyncProperty(versions, async (all) => {
        const id = newId()
        for (const each of all) await store(asTicket(id, each))
        expect((await stored(id)).subject).toBe(standing(all)?.subject)
      }),
      { numRuns: 60 },
    )
  })

  it('told by one page come to what they come to one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(versions, versions, async (before, all) => {
        const [single, together] = [newId(), newId()]
        for (const id of [single, together]) for (const each of before) await store(asTicket(id, each))
        for (const each of all) await store(asTicket(single, each))
        const page = [...all.map((each) => asTicket(together, each)), ticket(newId())]
        const counts = await store(...page)
        expect(counts.created + counts.updated + counts.unchanged).toBe(2)
        // What is left of a page is what stands, unless something stored is newer than its believable times.
        const isNewest = all.every(({ time }) => before.every((each) => each.isAhead || each.time <= time))
        if (isNewest) expect((await stored(together)).subject).toBe((await stored(single)).subject)
      }),
      { numRuns: 25 },
    )
  })

  it('that are no news are those that would change nothing', async () => {
    const classifier = openClassifier(db.database, silent)
    const { database } = db
    const options = { classifier, database, logger: silent, skewSeconds: SKEW_SECONDS }
    const { classifyNews } = classifyTicketsWith(options)
    await fc.assert(
      fc.asyncProperty(versions, async (all) => {
        const id = newId()
        for (const each of all) await store(asTicket(id, each))
        const next = EVERY_VERSION.map((each) => asTicket(id, each))
        const { news } = await classifyNews(alder, next, 'provider')
        const isNews = new Set(news.map(({ updated_at, subject }) => `${updated_at} ${subject}`))
        const others = next.filter(({ updated_at, subject }) => !isNews.has(`${updated_at} ${subject}`))
        expect(others.length).toBeGreaterThan(0)
        const before = await stored(id)
        for (const each of others) await store(each)
        expect(await stored(id)).toEqual(before)
      }),
      { numRuns: 20 },
    )
  })

  it('are compared letter by letter before a helpdesk’s every page is stored anew', async () => {
    const classifier = openClassifier(db.database, silent)
    const { database } = db
    const options = { classifier, database, logger: silent, skewSeconds: SKEW_SECONDS }
    const { classifyNews } = classifyTicketsWith(options)
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((raw) => raw.replaceAll('\0', '').toWellFormed())
    const moment = fc
      .date({ min: new Date('0001-01-02'), max: new Date('2020-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString())
    const fields = { source: text, customer_id: text, subject: text, message: text, created_at: moment }
    await fc.assert(
      fc.asyncProperty(fc.record(fields), async (said) => {
        const one = ticket(newId(), said)
        await store(one)
        expect(await classifyNews(alder, [one], 'provider')).toEqual({ news: [], unchanged: 1 })
        for (const field of ['source', 'customer_id', 'subject', 'message'] as const) {
          const other = { ...one, [field]: `${one[field]}x` }
          expect((await classifyNews(alder, [other], 'provider')).news).toHaveLength(1)
        }
        for (const other of [{ status: 'closed' as const }, { created_at: '2021-01-01T00:00:00.000Z' }])
          expect((await classifyNews(alder, [{ ...one, ...other }], 'provider')).news).toHaveLength(1)
      }),
      { numRuns: 20 },
    )
  })
})

describe('a time ahead of our clock', () => {
  it('is kept as it was told, and gives way to the next version though that is older than now', async () => {
    const id = newId()
    await store(ticket(id, { subject: 'strange', updated_at: FAR }))
    expect(await stored(id)).toMatchObject({ subject: 'strange', updated_at: FAR })
    expect(await store(ticket(id, { subject: 'mended' }))).toMatchObject({ updated: 1 })
    expect(await stored(id)).toMatchObject({ subject: 'mended', updated_at: '2026-03-01T10:00:00.000Z' })
  })

  it('does not open the ticket to what is older than its last believable time', async () => {
    const id = newId()
    await store(ticket(id, { updated_at: '2026-03-02T00:00:00Z' }))
    await store(ticket(id, { subject: 'strange', updated_at: FAR }))
    expect(await store(ticket(id, { subject: 'old', updated_at: '2026-03-01T23:59:59Z' }))).toMatchObject({
      updated: 0,
    })
    expect(await store(ticket(id, { subject: 'mended', updated_at: '2026-03-02T00:00:00Z' }))).toMatchObject({
      updated: 1,
    })
  })

  it('within the skew is as good as any', () => {
    const now = Date.parse('2026-03-01T10:00:00Z')
    const at = (seconds: number) =>
      toldAt(ticket('a', { updated_at: new Date(now + seconds * 1_000).toISOString() }), { now, skewSeconds: 600 })
    expect([at(-1), at(600), at(601)].map(({ compared_at }) => compared_at)).toEqual([null, null, '-infinity'])
  })

  it('that comes again with the same content writes nothing', async () => {
    const id = newId()
    const strange = ticket(id, { updated_at: FAR })
    await store(strange)
    const before = await stored(id)
    expect(await store(strange)).toMatchObject({ unchanged: 1, updated: 0 })
    expect(await stored(id)).toEqual(before)
  })

  it('that was stored before this rule gives way after the upgrade, and no other does', async () => {
    const [strange, usual] = [newId(), newId()]
    await store(ticket(strange, { updated_at: FAR }), ticket(usual, { updated_at: '2026-03-02T00:00:00Z' }))
    const migration = await readFile(new URL('./migrations/0011_compared_at.sql', import.meta.url), 'utf8')
    await administer(db.url, async (client) => {
      await client.query('begin; set local role signalbox_owner; alter table tickets drop column compared_at')
      await client.query(migration)
      await client.query('commit')
    })
    expect(await store(ticket(strange, { subject: 'mended' }))).toMatchObject({ updated: 1 })
    expect(await store(ticket(usual, { subject: 'older' }))).toMatchObject({ updated: 0 })
  })
})

describe('an equal time', () => {
  it('with other content is news, told later stands; with the same content nothing is written', async () => {
    const id = newId()
    const first = ticket(id)
    await store(first)
    const before = await stored(id)
    expect(await store(first)).toMatchObject({ unchanged: 1 })
    expect(await stored(id)).toEqual(before)
    expect(await store({ ...first, subject: 'in the same second' })).toMatchObject({ updated: 1 })
    expect((await stored(id)).subject).toBe('in the same second')
  })

  it('leaves a ticket to whoever told it last, when what rules said of its former words comes later', async () => {
    const id = newId()
    await store(ticket(id))
    const [outdated] = (await db.database.withTenant(alder, (tx) => listOutdated(tx, EVERYTHING))).filter(
      ({ subject }) => subject === 'Subject',
    )
    if (!outdated) throw new Error('the ticket is of other rules')
    const { ticket_id, as_of } = outdated
    const found = await db.database.withTenant(alder, (tx) => findTicket(tx, ticket_id))
    await store({ ...ticket(found?.external_id ?? ''), message: 'Other words in the same second.' })
    const judgement = { ...classified(ticket(id)), urgency: 'high' as const, requires_action: true, ticket_id, as_of }
    await db.database.withTenant(alder, (tx) => storeJudgements(tx, [judgement], 'rules:late'))
    const after = await db.database.withTenant(alder, (tx) => findTicket(tx, ticket_id))
    expect(after).toMatchObject({ message: 'Other words in the same second.', urgency: 'low' })
  })

  it('in one page: the later one stands', () => {
    const [one, two] = ['one', 'two'].map((subject) => ({ ...ticket('a', { subject }), compared_at: null }))
    if (one && two) expect(lastTold([one, two])).toEqual([two])
  })
})
