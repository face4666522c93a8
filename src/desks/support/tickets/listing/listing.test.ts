import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, call } from '../../../../../test/harness/call.ts'
import { administer } from '../../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../../test/harness/system.ts'

type Listed = {
  tickets: { external_id: string; ticket_id: string }[]
  total: number
  total_is_estimate: boolean
  next_cursor: string | null
  errors?: { field: string; message: string }[]
}

const system = testSystem({ SIGNALBOX_ROLES: 'api', REQUESTS_PER_MINUTE: '1000000' })
const get = <Body = Listed>(path: string) => call<Body>(system.url + path, { token: OPERATOR_TOKEN })
const idsOf = async (query: string) => {
  const { status, body, text } = await get(query)
  if (status !== 200) throw new Error(text)
  return body.tickets.map(({ external_id }) => external_id)
}

type Given = { id: string; subject?: string; message?: string; [column: string]: unknown }

const add = (tenant: string, tickets: readonly Given[]) =>
  administer(system.databaseUrl, (client) =>
    client.query(
      `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, urgency, requires_action,
         created_at, updated_at, keywords)
       select $1, id, 'email', 'cust', coalesce(subject, ''), coalesce(message, ''), coalesce(status, 'open'),
         coalesce(urgency, 'low'), coalesce(urgency, 'low') = 'high', coalesce(created_at, now()), coalesce(updated_at, now()),
         coalesce(keywords, '{}')
       from jsonb_to_recordset($2) as t (id text, subject text, message text, status text, urgency text,
         created_at timestamptz, updated_at timestamptz, keywords text[])`,
      [tenant, JSON.stringify(tickets)],
    ),
  )

async function tenantWith(tenant: string, tickets: readonly Given[]) {
  await call(`${system.url}/tenants`, {
    method: 'POST',
    token: OPERATOR_TOKEN,
    body: { tenant_id: tenant, name: tenant },
  })
  await add(tenant, tickets)
}

const day = (n: number) => new Date(Date.UTC(2026, 0, n)).toISOString()

describe('a search', () => {
  beforeAll(() =>
    tenantWith('words', [
      { id: 'fr', subject: 'Problème de facture', message: 'J’ai été débité deux fois, cœur brisé' },
      { id: 'de', subject: 'Rückerstattung', message: 'Die STRASSE nach Köln ist gesperrt' },
      { id: 'es', subject: 'Contraseña', message: '¿Dónde está mi reembolso?' },
      { id: 'en', subject: 'Refund', message: 'The late order was never delivered, order late again' },
      { id: 'decomposed', message: 'cafe\u0301 ﬁle Łódź' },
    ]),
  )

  it.each([
    ['probleme', ['fr']],
    ['PROBLÈME', ['fr']],
    ['cœur', ['fr']],
    ['coeur', ['fr']],
    ['Straße', ['de']],
    ['koln', ['de']],
    ['contrasena', ['es']],
    ['café', ['decomposed']],
    ['file', ['decomposed']],
    ['lodz', ['decomposed']],
    ['"late order"', ['en']],
    ['"order was late"', []],
    ['refund delivered', ['en']],
    ['refund reembolso', []],
    ['refund or reembolso', ['en', 'es']],
    ['-refund -facture -koln -cafe', ['es']],
    ["'; drop table tickets; --", []],
    ['"unclosed late', []],
    ['tenant words', []],
    ['!refund', ['en']],
  ])('for %j finds what it means', async (q, expected) => {
    expect((await idsOf(`/tickets?tenant_id=words&q=${encodeURIComponent(q)}`)).toSorted()).toEqual(expected)
  })

  it('needs a word', async () => {
    const answer = await get('/tickets?tenant_id=words&q=!!!')
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'q'])
  })

  it('by relevance puts a subject before a message, and often before once, over pages', async () => {
    await tenantWith('ranked', [
      { id: 'once', message: 'refund', created_at: day(9) },
      { id: 'thrice', message: 'refund refund and refund', created_at: day(1) },
      { id: 'subject', subject: 'refund', created_at: day(2) },
      { id: 'not', message: 'nothing', created_at: day(3) },
    ])
    const first = await get('/tickets?tenant_id=ranked&q=refund&sort=relevance&limit=2')
    expect(first.body.tickets.map(({ external_id }) => external_id)).toEqual(['subject', 'thrice'])
    await add('ranked', [{ id: 'new', subject: 'refund refund', created_at: day(20) }])
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect(await idsOf(next)).toEqual(['once'])
  })

  it('stores and finds a text of two million characters, of words that are all different, by its beginning', async () => {
    const long = (sign: number) =>
      Array.from({ length: 400_000 }, (_, n) => String.fromCodePoint(sign + (n % 5_000)) + n.toString(36)).join(' ')
    await tenantWith('long', [
      { id: 'latin', message: `basilisk ${long(0x4e00)}`.slice(0, 2_000_000) },
      { id: 'astral', message: `basilisk ${long(0x20000)}`.slice(0, 2_000_000) },
      { id: 'expanding', message: `basilisk ${'\ufdfa'.repeat(1_900_000)}` },
    ])
    expect((await idsOf('/tickets?tenant_id=long&q=basilisk')).toSorted()).toEqual(['astral', 'expanding', 'latin'])
  })
})

describe('the order of a list', () => {
  beforeAll(() =>
    tenantWith('order', [
      { id: 'a', created_at: day(1), updated_at: day(9) },
      { id: 'b', created_at: day(2), updated_at: day(8) },
      { id: 'c', created_at: day(3), updated_at: day(10) },
    ]),
  )

  it.each([
    ['', 'cba'],
    ['&sort=-created_at', 'cba'],
    ['&sort=created_at', 'abc'],
    ['&sort=-updated_at', 'cab'],
    ['&sort=updated_at', 'bac'],
  ])('%s is kept over pages', async (sort, expected) => {
    const seen: string[] = []
    let next: string | undefined = `/tickets?tenant_id=order&limit=1${sort}`
    while (next !== undefined) {
      const answer: Answer<Listed> = await get(next)
      seen.push(...answer.body.tickets.map(({ external_id }) => external_id))
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect(seen.join('')).toBe(expected)
  })

  it('of a cursor is not changed on the way', async () => {
    const { body } = await get('/tickets?tenant_id=order&limit=1')
    const answer = await get(`/tickets?tenant_id=order&sort=updated_at&cursor=${body.next_cursor}`)
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'cursor'])
  })

  it('is relevance only for words', async () => {
    const answer = await get('/tickets?tenant_id=order&sort=relevance')
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'sort'])
  })
})

describe('a keyword', () => {
  beforeAll(() => {
    const many = Array.from({ length: 3_000 }, (_, n) => ({
      ...{ id: `k${n}`, created_at: new Date(1e12 - n).toISOString(), status: n % 2 ? 'closed' : 'open' },
      keywords: n % 3 ? ['parcel', 'late'] : n === 2_004 ? ['late', 'lawyer'] : ['late'],
    }))
    return tenantWith('keywords', many)
  })

  it.each([
    ['keyword=late', 3_000],
    ['keyword=parcel', 2_000],
    ['keyword=parcel&status=open', 1_000],
    ['keyword=lawyer', 1],
    ['keyword=late&q=nothing', 0],
    ['keyword=lawyer&status=closed', 0],
    ['keyword=parc', 0],
  ])('%s is on all pages together as often as there are tickets that have it', async (query, expected) => {
    const seen = new Set<string>()
    let [rows, next]: [number, string | undefined] = [0, `/tickets?tenant_id=keywords&limit=200&${query}`]
    while (next !== undefined) {
      const answer: Answer<Listed> = await get(next)
      for (const { external_id } of answer.body.tickets) seen.add(external_id)
      rows += answer.body.tickets.length
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect([seen.size, rows]).toEqual([expected, expected])
  })

  it('is no longer than one that a ticket can have', async () => {
    const answer = await get(`/tickets?tenant_id=keywords&keyword=${'x'.repeat(61)}`)
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'keyword'])
  })
})

describe('numbered pages', () => {
  const numbered = Array.from({ length: 45 }, (_, n) => ({ id: `n${n}`, created_at: new Date(1e12 - n).toISOString() }))
  beforeAll(() => tenantWith('numbered', numbered))
  const ids = (from: number, to: number) => numbered.slice(from, to).map(({ id }) => id)

  it.each([
    ['page=1', ids(0, 20)],
    ['page=3', ids(40, 45)],
    ['page=4', []],
    ['page=101&page_size=100', []],
    ['page=1000000000', []],
    ['page_size=7', ids(0, 7)],
    ['page=2&page_size=7', ids(7, 14)],
  ])('%s', async (query, expected) => {
    const { body } = await get(`/tickets?tenant_id=numbered&${query}`)
    expect(body.tickets.map(({ external_id }) => external_id)).toEqual(expected)
    expect([body.total, body.total_is_estimate]).toEqual([45, false])
  })

  it('lead on by cursor, each ticket once', async () => {
    const seen: string[] = []
    let next: string | undefined = '/tickets?tenant_id=numbered&page=2&page_size=10'
    while (next !== undefined) {
      const answer: Answer<Listed> = await get(next)
      seen.push(...answer.body.tickets.map(({ external_id }) => external_id))
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual(ids(10, 45))
  })

  it.each([
    ['page=2&limit=5', 'page', /limit/],
    ['page_size=2&limit=5', 'page_size', /limit/],
    ['page=0', 'page', /1/],
    ['page_size=101', 'page_size', /100/],
    ['page=1&page=2', 'page', /./],
    ['status=open&status=closed', 'status', /./],
    ['urgency=extreme', 'urgency', /./],
  ])('%s is refused', async (query, field, message) => {
    const answer = await get(`/tickets?tenant_id=numbered&${query}`)
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, field])
    expect(answer.body.errors?.[0]?.message).toMatch(message)
  })

  it('do not mix with a cursor', async () => {
    const { body } = await get('/tickets?tenant_id=numbered&limit=1')
    const answer = await get(`/tickets?tenant_id=numbered&page=2&cursor=${body.next_cursor}`)
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'page'])
  })
})

describe('of more tickets than pages by number reach', () => {
  beforeAll(async () => {
    const many = Array.from({ length: 12_000 }, (_, n) => ({
      id: `m${n}`,
      message: n % 3 ? 'refund' : '',
      keywords: n % 3 ? ['refund'] : n % 9 ? ['order'] : ['once more', ...(n === 9 ? ['basilisk'] : [])],
      created_at: day(n % 28),
    }))
    await tenantWith('many', many)
    await administer(system.databaseUrl, (client) => client.query('analyze tickets'))
  })

  it('a page that is too deep is refused, unless it is known to be past the end', async () => {
    const pageOf = async (query: string) => {
      const { status, body } = await get(`/tickets?tenant_id=many&page_size=100&${query}`)
      return status === 200 ? [body.tickets.length, body.next_cursor] : [status, body.errors?.[0]?.message]
    }
    expect(await pageOf('page=100')).toEqual([100, expect.any(String)])
    const refused = [422, expect.stringMatching(/past ticket 10000; follow next_cursor/)]
    expect(await pageOf('page=101')).toEqual(refused)
    expect(await pageOf('page=120')).toEqual(refused)
    expect(await pageOf('page=121')).toEqual([0, null])
    expect(await pageOf('page=101&keyword=order')).toEqual([0, null])
  })

  it('the total is exact from the counters for any number, and an estimate that says so for many beyond them', async () => {
    const totalOf = async (query: string) => {
      const { total, total_is_estimate } = (await get(`/tickets?tenant_id=many&limit=1&${query}`)).body
      return { total, total_is_estimate }
    }
    expect(await totalOf('status=open')).toEqual({ total: 12_000, total_is_estimate: false })
    expect(await totalOf('status=closed')).toEqual({ total: 0, total_is_estimate: false })
    expect(await totalOf(`created_from=${day(3)}&created_to=${day(4)}`)).toEqual({
      total: 429,
      total_is_estimate: false,
    })
    for (const [keyword, total] of Object.entries({ refund: 8_000, order: 2_666, 'once more': 1_334, basilisk: 1 })) {
      expect(await totalOf(`keyword=${keyword}`)).toEqual({ total, total_is_estimate: false })
    }
    expect(await totalOf('keyword=Refund')).toEqual({ total: 0, total_is_estimate: false })
    expect(await totalOf(`keyword=order&created_to=${day(14)}`)).toMatchObject({ total_is_estimate: false })
    for (const query of ['q=refund', 'keyword=refund&status=open', `created_from=${day(10)}`]) {
      const { total, total_is_estimate } = await totalOf(query)
      expect([query, total_is_estimate, total > 4_000 && total < 12_001]).toEqual([query, true, true])
    }
  })
})

describe('GET /tickets/urgent', () => {
  it('has what is of high urgency and not closed, newest first, and no ticket of that id', async () => {
    await tenantWith('urgent', [
      { id: 'urgent', urgency: 'medium' },
      { id: 'high', urgency: 'high', created_at: day(1) },
      { id: 'newer', urgency: 'high', status: 'pending', created_at: day(2) },
      { id: 'done', urgency: 'high', status: 'closed' },
    ])
    expect(await idsOf('/tickets/urgent?tenant_id=urgent')).toEqual(['newer', 'high'])
    expect(await idsOf('/tickets/urgent?tenant_id=urgent&limit=1')).toEqual(['newer'])
    const answer = await get('/tickets/urgent?tenant_id=urgent&urgency=low')
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, 'urgency'])
  })
})

describe('a ticket by itself', () => {
  it('says why it is classified as it is', async () => {
    await tenantWith('why', [{ id: 'ext-1' }])
    await administer(system.databaseUrl, (client) =>
      client.query(
        `update tickets set matches = '[{"rule": "refund", "dimension": "urgency", "score": 3, "text": "refund", "where": "subject", "from": 3, "to": 9}]', corrected_by = 'person:ada', corrected_at = '2026-01-01Z',
           keywords = '{refund}', language = 'en', rule_version = 'v1' where tenant_id = 'why'`,
      ),
    )
    const { body } = await get<Record<string, unknown>>('/tickets/ext-1?tenant_id=why')
    expect(body).toMatchObject({
      ...{ urgency: 'low', sentiment: 'neutral', requires_action: false, language: 'en', keywords: ['refund'] },
      ...{ rule_version: 'v1', is_corrected: true },
      classification: {
        matches: [{ rule: 'refund', from: 3, to: 9 }],
        ...{ corrected_by: 'person:ada', corrected_at: '2026-01-01T00:00:00.000Z' },
      },
    })
  })
})
