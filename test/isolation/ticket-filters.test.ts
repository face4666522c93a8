import { beforeAll, describe, expect, it } from 'vitest'
import { readFilter } from '../../src/desks/support/tickets/listing/filter.ts'
import { type FoundKey, keysOfPage } from '../../src/desks/support/tickets/listing/statements.ts'
import { ListQuery, readListing } from '../../src/desks/support/tickets/routes.ts'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { openDatabase, together } from '../../src/platform/database/index.ts'
import { call } from '../harness/call.ts'
import { silent } from '../harness/database.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'

/**
 * Two tenants with the same values, ids and words, mixed row by row. Every pair of filter values is asked for in the
 * lists and the export, and compared with a filter that knows no SQL.
 */
const system = testSystem({ SIGNALBOX_ROLES: 'api', REQUESTS_PER_MINUTE: '1000000' })

const TENANTS = ['alder', 'birch'] as const
type TenantName = (typeof TENANTS)[number]
const TICKETS = 240

type Row = {
  tenant_id: TenantName
  external_id: string
  status: string
  urgency: string
  sentiment: string
  requires_action: boolean
  source: string
  customer_id: string
  origin: string
  subject: string
  message: string
  keywords: string[]
  created_at: string
  updated_at: string
  deleted_at: string | null
}

const at = <T>(values: readonly T[], n: number): T => values[n % values.length] as T
const day = (n: number) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString()

/** Every column walks at a pace of its own, so that all pairs of values come together. */
const rows: Row[] = Array.from({ length: TICKETS }, (_, n) =>
  TENANTS.map((tenant_id, t) => {
    const k = n + t
    const urgency = at(['low', 'medium', 'low', 'high', 'medium', 'low', 'low'], k)
    return {
      ...{ tenant_id, external_id: `ext-${n}`, urgency },
      status: at(['open', 'pending', 'closed'], k),
      sentiment: at(['negative', 'neutral', 'positive', 'neutral', 'neutral'], k + Math.floor(n / 7)),
      requires_action: urgency === 'high' || k % 2 === 0,
      source: at(['email', 'chat', 'web', 'api'], k + Math.floor(n / 3)),
      customer_id: `cust_${k % 11}`,
      origin: at(['provider', 'provider', 'import', '019a0000-0000-7000-8000-000000000001'], k + Math.floor(n / 5)),
      subject: at(['Café order', 'Straße closed', 'Nothing much'], k + Math.floor(n / 13)),
      message: at(['refund please', 'no refund', 'lawsuit', 'hello'], k + Math.floor(n / 11)),
      keywords: at([['refund', 'order'], [], ['order'], ['birch refund'], ['refund']], k + Math.floor(n / 17)),
      created_at: day(k % 17),
      updated_at: day((k % 17) + (n % 5)),
      deleted_at: n % 9 === 4 ? day(40) : null,
    }
  }),
).flat()

type Check = (row: Row) => boolean
type Parameter = { query: string; check: Check }
const is = (field: keyof Row, value: string | boolean): Parameter => ({
  query: `${field}=${value}`,
  check: (row) => row[field] === value,
})

const has = (keyword: string): Parameter => ({
  query: `keyword=${keyword.replaceAll(' ', '+')}`,
  check: ({ keywords }) => keywords.includes(keyword),
})

/** Each parameter with its values; two of different parameters make a pair. */
const PARAMETERS: readonly Parameter[][] = [
  [is('status', 'open'), is('status', 'closed')],
  [is('urgency', 'high'), is('urgency', 'low')],
  [is('sentiment', 'negative'), is('sentiment', 'positive')],
  [is('requires_action', true), is('requires_action', false)],
  [is('source', 'email'), is('source', 'nowhere')],
  [is('customer_id', 'cust_3')],
  [is('origin', 'provider'), is('origin', 'import')],
  [{ query: `created_from=${day(5)}`, check: (row) => row.created_at >= day(5) }],
  [{ query: `created_to=${day(9)}`, check: (row) => row.created_at < day(9) }],
  [{ query: `updated_from=${day(8)}`, check: (row) => row.updated_at >= day(8) }],
  [{ query: `updated_to=${day(12)}`, check: (row) => row.updated_at < day(12) }],
  [{ query: 'include_deleted=true', check: () => true }],
  [has('refund'), has('birch refund'), has('lawsuit')],
  [
    { query: 'q=REFUND', check: ({ message }) => message.includes('refund') },
    { query: 'q=cafe+-refund', check: (row) => row.subject.startsWith('Café') && !row.message.includes('refund') },
    { query: 'q=strasse+or+lawsuit', check: (row) => row.subject.startsWith('Straße') || row.message === 'lawsuit' },
    { query: 'q=birch', check: () => false },
  ],
]

const pairs = PARAMETERS.flatMap((first, index) =>
  PARAMETERS.slice(index + 1).flatMap((second) => first.flatMap((a) => second.map((b) => [a, b]))),
)
const alone = PARAMETERS.flat().map((parameter) => [parameter])
const combinations: Parameter[][] = [[], ...alone, ...pairs]

function expectedOf(tenant: TenantName, wanted: readonly Parameter[], also: Check = () => true): string[] {
  const withDeleted = wanted.some(({ query }) => query === 'include_deleted=true')
  return rows
    .filter((row) => row.tenant_id === tenant && (withDeleted || row.deleted_at === null))
    .filter((row) => wanted.every(({ check }) => check(row)) && also(row))
    .map(({ external_id }) => external_id)
    .toSorted()
}

beforeAll(async () => {
  for (const tenant of TENANTS) {
    await call(`${system.url}/tenants`, {
      ...{ method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id: tenant, name: tenant } },
    })
  }
  await administer(system.databaseUrl, (client) =>
    client.query(
      `insert into tickets (tenant_id, external_id, status, urgency, sentiment, requires_action, source, customer_id, origin,
         subject, message, keywords, created_at, updated_at, deleted_at)
       select tenant_id, external_id, status, urgency, sentiment, requires_action, source, customer_id, origin,
         subject, message, keywords, created_at, updated_at, deleted_at from jsonb_populate_recordset(null::tickets, $1)`,
      [JSON.stringify(rows)],
    ),
  )
})

type Listed = {
  tickets: { tenant_id: string; external_id: string }[]
  total: number
  total_is_estimate: boolean
  next_cursor: string | null
}

/** What a tenant is shown on all pages, and the totals that the pages name. */
async function listed(tenant: TenantName, path: string, query: string) {
  const shown: Listed['tickets'] = []
  const totals = new Set<string>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more: string = cursor === '' ? '' : `&cursor=${cursor}`
    const answer = await call<Listed>(`${system.url}${path}?tenant_id=${tenant}&limit=90&${query}${more}`, {
      token: OPERATOR_TOKEN,
    })
    if (answer.status !== 200) throw new Error(`${query}: ${answer.text}`)
    shown.push(...answer.body.tickets)
    totals.add(`${answer.body.total}${answer.body.total_is_estimate ? ' or so' : ''}`)
    cursor = answer.body.next_cursor
  }
  return { ids: idsOf(shown, tenant), totals: [...totals] }
}

async function exported(tenant: TenantName, query: string) {
  const answer = await call(`${system.url}/tickets/export?tenant_id=${tenant}&format=ndjson&${query}`, {
    token: OPERATOR_TOKEN,
  })
  const lines = answer.text.split('\n').slice(0, -1)
  return idsOf(
    lines.map((line) => JSON.parse(line)),
    tenant,
  )
}

/** The ids, those of another tenant's tickets marked. */
const idsOf = (tickets: Listed['tickets'], tenant: TenantName) =>
  tickets.map((ticket) => (ticket.tenant_id === tenant ? '' : 'FOREIGN ') + ticket.external_id).toSorted()

/** Asks for every combination and lists those that are not answered as they should be. */
async function wrong(ask: (tenant: TenantName, wanted: Parameter[], query: string) => Promise<unknown>) {
  const found: unknown[] = []
  for (const wanted of combinations) {
    const query = wanted.map((parameter) => parameter.query).join('&')
    for (const tenant of TENANTS) {
      const complaint = await ask(tenant, wanted, query)
      if (complaint !== undefined) found.push({ tenant, query, complaint })
    }
  }
  return found
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

describe(`${combinations.length} combinations of filters over two tenants`, () => {
  /** Each combination in both orders, the one of one tenant, the other of the other. */
  it('list exactly their own tickets, each once, with their number', async () => {
    const found = await wrong(async (tenant, wanted, query) => {
      const sort = tenant === 'alder' ? '-created_at' : 'updated_at'
      const [answer, ids] = [await listed(tenant, '/tickets', `sort=${sort}&${query}`), expectedOf(tenant, wanted)]
      return same(answer, { ids, totals: [String(ids.length)] }) ? undefined : answer
    })
    expect(found).toEqual([])
  })

  it('export exactly their own tickets', async () => {
    const found = await wrong(async (tenant, wanted, query) => {
      const answer = await exported(tenant, query)
      return same(answer, expectedOf(tenant, wanted)) ? undefined : answer
    })
    expect(found).toEqual([])
  })

  it('leave the urgent ones urgent and not closed', async () => {
    const isUrgent: Check = ({ urgency, status }) => urgency === 'high' && status !== 'closed'
    const found = await wrong(async (tenant, wanted, query) => {
      if (/status|urgency/.test(query)) return undefined
      const [answer, ids] = [await listed(tenant, '/tickets/urgent', query), expectedOf(tenant, wanted, isUrgent)]
      return same(answer.ids, ids) ? undefined : answer
    })
    expect(found).toEqual([])
  })

  it('rank the same tickets by relevance', async () => {
    const found = await wrong(async (tenant, wanted, query) => {
      if (!query.includes('q=')) return undefined
      const answer = await listed(tenant, '/tickets', `sort=relevance&${query}`)
      return same(answer.ids, expectedOf(tenant, wanted)) ? undefined : answer
    })
    expect(found).toEqual([])
  })

  /** So few tickets are always gathered; many would be found by a walk. */
  it('find the same whether matches are gathered or walked to', async () => {
    const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
    try {
      const found = await wrong(async (tenant, _wanted, search) => {
        for (const sort of ['created_at', '-updated_at', ...(search.includes('q=') ? ['relevance'] : [])]) {
          const asked = { tenant_id: tenant, sort, ...Object.fromEntries(new URLSearchParams(search)) }
          const query = ListQuery.parse(asked)
          const { filter, ...page } = readListing(query, readFilter(query))
          const [walked, gathered] = await database.withTenant(tenantId(tenant), (tx) =>
            together(tx, [keysOfPage.walk(filter, page), keysOfPage.gather(filter, page)]),
          )
          const keys = gathered.filter(({ ticket_id }) => ticket_id !== null)
          if (!same(walked.map(withoutNumber), keys.map(withoutNumber))) return { walked, gathered }
        }
        return undefined
      })
      expect(found).toEqual([])
    } finally {
      await database.close()
    }
  })
})

const withoutNumber = ({ gathered: _, ...key }: FoundKey) => key
