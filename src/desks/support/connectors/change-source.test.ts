import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startFakeFreshdesk } from '../../../../test/fakes/freshdesk.ts'
import type { FakeHelpdesk, FakeTicket } from '../../../../test/fakes/helpdesk.ts'
import { emptyMirror, follow, takeIn } from '../../../../test/fakes/walk-changes.ts'
import { startFakeZendesk } from '../../../../test/fakes/zendesk.ts'
import { type ChangeSource, type ConfiguredConnector, type Http, openSource, ProviderError } from './index.ts'

type Start = { callsPerMinute?: number; isAllowed?: boolean; now?: () => Date }
type Connect = { secret?: string; http?: Http }

/** What differs between the helpdesks; everything below holds for each. */
const HELPDESKS = [
  {
    name: 'zendesk',
    lists: '/incremental/',
    secret: 'zendesk-token',
    start: ({ isAllowed = true, ...start }: Start) =>
      startFakeZendesk({ pageSizeMax: 100, role: isAllowed ? 'admin' : 'agent', ...start }),
    configured: (base_url: string, secret: string): ConfiguredConnector => ({
      kind: 'zendesk',
      settings: { base_url },
      credentials: { email: 'agent@example.com', api_token: secret },
    }),
    account: 'agent@example.com',
    unknownStatus: { status: 'escalated' },
  },
  {
    name: 'freshdesk',
    lists: '/tickets',
    secret: 'freshdesk-key',
    start: ({ isAllowed = true, ...start }: Start) =>
      startFakeFreshdesk({ role: isAllowed ? 'agent' : 'no_tickets', ...start }),
    configured: (base_url: string, secret: string): ConfiguredConnector => ({
      kind: 'freshdesk',
      settings: { base_url },
      credentials: { api_key: secret },
    }),
    account: 'rachel@freshdesk.com',
    unknownStatus: { status: 0 },
  },
] as const

const HTTP: Http = { fetch, timeoutSeconds: 30 }
const FIRST_CHANGE = Date.parse('2026-01-05T08:00:00Z')

/** Long ago, so that what a test changes without a time is the newest. */
const at = (seconds: number) => new Date(FIRST_CHANGE + seconds * 1_000).toISOString().replace('.000', '')

const never = () => new AbortController().signal

describe.each(HELPDESKS)('the source of $name', (helpdesk) => {
  async function connect(start: Start = {}) {
    const fake: FakeHelpdesk = await helpdesk.start(start)
    onTestFinished(() => fake.close())
    const source = ({ secret = helpdesk.secret, http = HTTP }: Connect = {}): ChangeSource =>
      openSource(helpdesk.configured(fake.url, secret), http)
    const fill = (count: number, ticket: (index: number) => FakeTicket = () => ({})) =>
      Array.from({ length: count }, (_, index) => fake.put({ updated_at: at(index), ...ticket(index) }))
    return { fake, source, fill }
  }

  const refusal = async (call: Promise<unknown>): Promise<ProviderError> => {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof ProviderError)) throw new Error(`no ProviderError but ${inspect(error)}`)
    return error
  }

  describe('the tickets', () => {
    it('arrive exactly as they are, over several pages', async () => {
      const { source, fill } = await connect()
      const statuses = ['open', 'pending', 'closed'] as const
      const channels = ['email', 'web', 'chat'] as const
      const ids = fill(250, (index) => ({
        subject: `Subject ${index} äß漢`,
        message: `Line one of ${index}\n“line two” <b> & €`,
        status: statuses[index % 3] ?? 'open',
        source: channels[index % 3] ?? 'web',
        customer_id: 377922500000 + index,
        created_at: at(index - 86_400),
      }))
      const mirror = await follow(emptyMirror(), source)
      expect([...mirror.failed]).toEqual([])
      expect(mirror.pages).toBeGreaterThan(2)
      const arrived = [...mirror.tickets.values()].map(({ desk: _, ...ticket }) => ticket)
      expect(arrived.toSorted((a, b) => Number(a.external_id) - Number(b.external_id))).toEqual(
        ids.map((external_id, index) => ({
          external_id,
          source: channels[index % 3],
          customer_id: String(377922500000 + index),
          subject: `Subject ${index} äß漢`,
          message: `Line one of ${index}\n“line two” <b> & €`,
          status: statuses[index % 3],
          created_at: new Date(at(index - 86_400)).toISOString(),
          updated_at: new Date(at(index)).toISOString(),
        })),
      )
    })

    it('of a huge account all arrive', async () => {
      const { source, fill } = await connect()
      const ids = fill(2_500)
      const mirror = await follow(emptyMirror(), source)
      expect([...mirror.tickets.keys()].toSorted()).toEqual(ids.toSorted())
    })

    it('that changed in the same second all arrive, also when some of them change on the way', async () => {
      const { fake, source, fill } = await connect()
      const ids = fill(450, () => ({ updated_at: at(0) }))
      const mirror = await follow(emptyMirror(), source, (pages) => {
        if (pages <= 3) fake.put({ id: Number(ids[pages]), subject: `changed after page ${pages}` })
      })
      expect([...mirror.tickets.keys()].toSorted()).toEqual(ids.toSorted())
      expect(mirror.tickets.get(ids[3] ?? '')?.subject).toBe('changed after page 3')
    })

    it('that change during the walk arrive in their newest form by its end, and none is missed for it', async () => {
      const { fake, source, fill } = await connect()
      const ids = fill(350)
      const mirror = await follow(emptyMirror(), source, (pages) => {
        const id = Number(ids[pages * 10])
        if (pages <= 3) fake.put({ id, subject: `changed after page ${pages}`, status: 'closed' })
      })
      expect(mirror.tickets.size).toBe(350)
      for (const pages of [1, 2, 3]) {
        expect(mirror.tickets.get(ids[pages * 10] ?? '')).toMatchObject({
          subject: `changed after page ${pages}`,
          status: 'closed',
        })
      }
    })

    it('of an empty account are none, and the first that is put there is told afterwards', async () => {
      const { fake, source } = await connect()
      const mirror = await follow(emptyMirror(), source)
      expect(mirror.tickets.size).toBe(0)
      const id = fake.put({ subject: 'the first' })
      await follow(mirror, source)
      expect([...mirror.tickets.keys()]).toEqual([id])
    })
  })

  describe('the cursor', () => {
    it('leads to what changed since, not to everything again', async () => {
      const { fake, source, fill } = await connect()
      // Far enough apart that what is told twice on purpose is little.
      const ids = fill(250, (index) => ({ updated_at: at(index * 60) }))
      const { cursor } = await follow(emptyMirror(), source)
      const changed = fake.put({ id: Number(ids[0]), subject: 'changed' })
      const created = fake.put({ subject: 'new' })
      const second = await follow({ ...emptyMirror(), cursor }, source)
      expect(second.tickets.get(changed)?.subject).toBe('changed')
      expect(second.tickets.get(created)?.subject).toBe('new')
      expect(second.tickets.size).toBeLessThanOrEqual(2 + 6)
      const third = await follow({ ...emptyMirror(), cursor: second.cursor }, source)
      expect(third.tickets.size).toBeLessThanOrEqual(2)
    })

    it('lets another process go on after a crash at any page', async () => {
      const { fake, source, fill } = await connect()
      const ids = fill(350)
      for (const id of ids.slice(0, 5)) fake.remove(id)
      const whole = await follow(emptyMirror(), source)
      for (let crashAfter = 1; crashAfter < whole.pages; crashAfter += 1) {
        const mirror = emptyMirror()
        for (let pages = 0; pages < crashAfter; pages += 1) {
          takeIn(mirror, await source().listChanges(mirror.cursor, never()))
        }
        // The page that is stored but whose cursor is lost would be told again; here it was never stored.
        await source().listChanges(mirror.cursor, never())
        await follow(mirror, source)
        expect([...mirror.deleted].toSorted()).toEqual(ids.slice(0, 5).toSorted())
        expect([...mirror.tickets.keys()].filter((id) => !mirror.deleted.has(id))).toHaveLength(345)
      }
    })

    it('may be used again, and tells the same tickets or newer ones', async () => {
      const { fake, source, fill } = await connect()
      const ids = fill(150)
      const first = await source().listChanges(null, never())
      const once = await source().listChanges(first.cursor, never())
      const again = await source().listChanges(first.cursor, never())
      expect(again.tickets).toEqual(once.tickets)
      fake.put({ id: Number(ids[140]), subject: 'newer' })
      const mirror = await follow({ ...emptyMirror(), cursor: first.cursor }, source)
      expect(mirror.tickets.get(ids[140] ?? '')?.subject).toBe('newer')
      for (const { external_id } of once.tickets) expect(mirror.tickets.has(external_id)).toBe(true)
    })
  })

  describe('deletions', () => {
    it('are told, and so are restorations', async () => {
      const { fake, source, fill } = await connect()
      const ids = fill(120)
      const gone = ids[7] ?? ''
      const mirror = await follow(emptyMirror(), source)
      fake.remove(gone)
      await follow(mirror, source)
      expect([...mirror.deleted]).toEqual([gone])
      fake.restore(gone)
      await follow(mirror, source)
      expect([...mirror.deleted]).toEqual([])
    })

    it('during the walk are told by the end of it, of tickets told before', async () => {
      const { fake, source, fill } = await connect()
      const ids = fill(250)
      const mirror = await follow(emptyMirror(), source, (pages) => {
        if (pages === 1) fake.remove(ids[3] ?? '')
      })
      expect([...mirror.deleted]).toEqual([ids[3]])
    })
  })

  describe('a ticket that cannot be used', () => {
    const broken: [string, FakeTicket, RegExp][] = [
      ['no requester', { raw: { requester_id: null } }, /customer_id/],
      ['a requester whose number lost digits', { raw: { requester_id: 2 ** 60 } }, /customer_id/],
      ['a date without zone', { raw: { created_at: '2026-01-01T00:00:00' } }, /created_at.*zone/],
      ['a time of change without zone', { raw: { updated_at: '2026-01-01T00:00:00' } }, /updated_at.*zone/],
      ['an unknown status', { raw: helpdesk.unknownStatus }, /status/],
    ]
    it.each(broken)(
      'because of %s is handed on with the reason, and the others arrive',
      async (_what, ticket, reason) => {
        const { fake, source, fill } = await connect()
        const ids = fill(150)
        const id = fake.put({ id: Number(ids[50]), updated_at: at(50), ...ticket })
        const mirror = await follow(emptyMirror(), source)
        expect([...mirror.failed.keys()]).toEqual([id])
        expect(mirror.failed.get(id)).toMatch(reason)
        expect(mirror.tickets.size).toBe(149)
        expect(await source().findTicket(id, never())).toMatchObject({ id, reason: expect.stringMatching(reason) })
      },
    )

    it.each([
      ['without an id', { id: undefined }, 'id'],
      ['whose id is no number or text', { id: { odd: true } }, 'id'],
    ])('%s is handed on, and the others arrive', async (_what, raw, reason) => {
      const { fake, source, fill } = await connect()
      fill(5)
      fake.put({ id: 3, updated_at: at(3), raw })
      const page = await source().listChanges(null, never())
      expect(page.tickets).toHaveLength(4)
      expect(page.failed).toMatchObject([{ id: expect.any(String), reason: expect.stringContaining(reason) }])
    })

    it.each([[null], [7], ['text'], [[]]])('because the row is %j is handed on, never thrown', async (row) => {
      const { fake, source } = await connect()
      fake.put({})
      const rows: Http = {
        ...HTTP,
        fetch: async (...call) => {
          const body = (await (await fetch(...call)).json()) as unknown[] | { tickets: unknown[] }
          if (Array.isArray(body)) body.push(row)
          else body.tickets.push(row)
          return Response.json(body)
        },
      }
      const page = await source({ http: rows }).listChanges(null, never())
      expect(page.tickets).toHaveLength(1)
      expect(page.failed).toMatchObject([{ reason: expect.stringContaining('id') }])
    })
  })

  it.each<[string, FakeTicket, { subject?: string; message?: string }]>([
    ['without subject has an empty one', { subject: null }, { subject: '' }],
    ['without message has an empty one', { message: null }, { message: '' }],
    [
      'with NUL bytes has them replaced',
      { subject: 'a\0b', message: '\0' },
      { subject: 'a\u{FFFD}b', message: '\u{FFFD}' },
    ],
  ])('a ticket %s', async (_what, ticket, expected) => {
    const { fake, source } = await connect()
    const id = fake.put(ticket)
    expect((await follow(emptyMirror(), source)).tickets.get(id)).toMatchObject(expected)
  })

  describe('a call', () => {
    it('beyond the limit is throttled, with the seconds to wait', async () => {
      const { fake, source, fill } = await connect({ callsPerMinute: 2 })
      fill(1)
      await source().listChanges(null, never())
      await source().listChanges(null, never())
      const error = await refusal(source().listChanges(null, never()))
      expect(error).toMatchObject({ kind: 'throttled', status: 429 })
      expect(error.retryAfterSeconds).toBeGreaterThan(50)
      expect(error.retryAfterSeconds).toBeLessThanOrEqual(60)
      expect(fake.calls().at(-1)?.status).toBe(429)
    })

    it.each([
      ['a number', () => '60'],
      ['a date', () => new Date(Date.now() + 60_000).toUTCString()],
    ])('that is throttled until %s waits that long', async (_what, retryAfter) => {
      const { fake, source } = await connect()
      fake.setFault({ kind: 'status', status: 429, retryAfter: retryAfter() })
      const error = await refusal(source().listChanges(null, never()))
      expect(error.kind).toBe('throttled')
      expect(error.retryAfterSeconds).toBeGreaterThan(30)
      expect(error.retryAfterSeconds).toBeLessThanOrEqual(61)
    })

    it.each([
      ['500', { kind: 'status', status: 500 }],
      ['503', { kind: 'status', status: 503 }],
      ['a cut connection', { kind: 'reset' }],
      ['half a body', { kind: 'half_body' }],
      ['a page of HTML', { kind: 'html' }],
      ['JSON of another shape', { kind: 'wrong_json' }],
      ['no answer in time', { kind: 'hang' }],
    ] as const)('answered with %s may be tried again, and then works', async (_what, fault) => {
      const { fake, source, fill } = await connect()
      fill(3)
      fake.setFault(fault)
      const hasty = source({ http: { fetch, timeoutSeconds: 0.3 } })
      expect(await refusal(hasty.listChanges(null, never()))).toMatchObject({ kind: 'transient' })
      expect(await refusal(hasty.findTicket('1', never()))).toMatchObject({ kind: 'transient' })
      expect(await refusal(hasty.check(never()))).toMatchObject({ kind: 'transient' })
      fake.setFault(null)
      expect((await source().listChanges(null, never())).tickets).toHaveLength(3)
    })

    it.each([
      [401, /does not accept/],
      [403, /it needs an (admin|agent)/],
      [404, /no (Zendesk|Freshdesk) account at this address/],
    ])('answered with %i is refused with a sentence for the user', async (status, sentence) => {
      const { fake, source } = await connect()
      fake.setFault({ kind: 'status', status })
      for (const call of [source().listChanges(null, never()), source().check(never())]) {
        const error = await refusal(call)
        expect(error).toMatchObject({ kind: 'refused', status })
        expect(error.message).toMatch(sentence)
      }
    })

    it('that hangs ends when it is aborted, with the reason', async () => {
      const { fake, source } = await connect()
      fake.setFault({ kind: 'hang' })
      const stop = new AbortController()
      const calls = [
        source().listChanges(null, stop.signal),
        source().findTicket('1', stop.signal),
        source().check(stop.signal),
      ]
      setTimeout(() => stop.abort(new Error('the run was cancelled')), 50)
      for (const settled of await Promise.allSettled(calls)) {
        expect(settled).toMatchObject({ status: 'rejected', reason: { message: 'the run was cancelled' } })
      }
    })

    it('never shows its credentials in an error, however that is written down', async () => {
      const { fake, source } = await connect()
      const secret = 'Secret-0123456789'
      const written: string[] = []
      const note = async (call: Promise<unknown>) => {
        const error = await refusal(call)
        written.push(inspect(error, { depth: null, showHidden: true }), error.message, String(error.stack))
      }
      const kinds = ['reset', 'half_body', 'html', 'wrong_json', 'hang'] as const
      const statuses = [400, 401, 403, 404, 422, 429, 500, 503].map((status) => ({ kind: 'status' as const, status }))
      for (const fault of [...kinds.map((kind) => ({ kind })), ...statuses]) {
        fake.setFault(fault)
        await note(source({ secret, http: { fetch, timeoutSeconds: 0.2 } }).listChanges(null, never()))
      }
      fake.setFault(null)
      await note(source({ secret }).check(never()))
      await note(openSource(helpdesk.configured('http://127.0.0.1:1', secret), HTTP).check(never()))
      const encoded = [secret, `agent@example.com/token:${secret}`, `${secret}:X`].map((text) =>
        Buffer.from(text).toString('base64').replace(/=*$/, ''),
      )
      for (const text of written) {
        for (const hidden of [secret, ...encoded, 'Basic ']) expect(text).not.toContain(hidden)
      }
    })
  })

  describe('check', () => {
    it('says whose account it is', async () => {
      const { source } = await connect()
      expect(await source().check(never())).toEqual({ account: helpdesk.account })
    })

    it('refuses wrong credentials', async () => {
      const { source } = await connect()
      const error = await refusal(source({ secret: 'wrong' }).check(never()))
      expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('does not accept') })
    })

    it('refuses an address where no account is', async () => {
      const { fake, source } = await connect()
      fake.setFault({ kind: 'status', status: 404 })
      const error = await refusal(source().check(never()))
      expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('at this address') })
    })

    it('refuses credentials that may not read the tickets', async () => {
      const { source } = await connect({ isAllowed: false })
      const error = await refusal(source().check(never()))
      expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('needs') })
    })
  })

  describe('findTicket', () => {
    it('tells a ticket as the list does', async () => {
      const { source, fill } = await connect()
      const [id = ''] = fill(1, () => ({ subject: 'as listed', status: 'pending' }))
      const { tickets } = await source().listChanges(null, never())
      expect(await source().findTicket(id, never())).toEqual(tickets[0])
    })

    it('is null for a ticket that is not there, in the bin, or of an id that is none', async () => {
      const { fake, source, fill } = await connect()
      const [id = ''] = fill(1)
      fake.remove(id)
      for (const absent of [id, '4711', '', '..', 'a/b?c', '1.json#']) {
        expect(await source().findTicket(absent, never())).toBeNull()
      }
      fake.restore(id)
      expect(await source().findTicket(id, never())).toMatchObject({ external_id: id })
    })

    it('does not take a closed account for a missing ticket', async () => {
      const { fake, source, fill } = await connect()
      const [id = ''] = fill(1)
      fake.setFault({ kind: 'status', status: 404 })
      expect(await refusal(source().findTicket(id, never()))).toMatchObject({ kind: 'refused' })
    })
  })
})
