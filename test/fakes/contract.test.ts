import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openSource } from '../../src/desks/support/connectors/index.ts'
import { startFakeFreshdesk } from './freshdesk.ts'
import { basic } from './helpdesk.ts'
import { startFakeZendesk } from './zendesk.ts'

type Body = Record<string, unknown>

const { signal } = new AbortController()
const http = { fetch, timeoutSeconds: 30 }
// biome-ignore lint/suspicious/noExplicitAny: bodies recorded from outside, of any shape.
const recorded = (path: string): any => JSON.parse(readFileSync(new URL(`contract/${path}`, import.meta.url), 'utf8'))

/** Answers each path with its recorded body, whatever the query; everything else is 404. */
async function replay(answers: Record<string, unknown>): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://replay')
    response.writeHead(pathname in answers ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answers[pathname] ?? {}))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const zendeskAt = (base_url: string) =>
  openSource({ kind: 'zendesk', settings: { base_url }, credentials: { email: 'a@b.co', api_token: 't' } }, http)
const freshdeskAt = (base_url: string) =>
  openSource({ kind: 'freshdesk', settings: { base_url }, credentials: { api_key: 'k' } }, http)

const kindOf = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

/** Fields that the fake serves and the recording has not, or has in another type. Null fits everything. */
function drift(served: Body, recording: Body): string[] {
  return Object.entries(served).flatMap(([key, value]) => {
    if (!(key in recording)) return [`${key} is not in the recording`]
    const kinds = [kindOf(value), kindOf(recording[key])]
    return kinds.includes('null') || kinds[0] === kinds[1] ? [] : [`${key} is ${kinds.join(', not ')}`]
  })
}

async function ask(url: string, authorization: string, path: string) {
  const response = await fetch(`${url}${path}`, { headers: { authorization } })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

describe('recorded answers of Zendesk', () => {
  const EXPORT = '/api/v2/incremental/tickets/cursor.json'

  it('are read field by field', async () => {
    const { tickets } = recorded('zendesk/tickets.json')
    const url = await replay({
      [EXPORT]: { tickets, after_cursor: 'MTU4MDc1Mzc5OC4wfHw0MzJ8', end_of_stream: true },
      '/api/v2/tickets/2.json': recorded('zendesk/ticket.json'),
      '/api/v2/users/me.json': recorded('zendesk/user.json'),
    })
    const first = {
      external_id: '2',
      source: 'email',
      customer_id: '377922500012',
      subject: 'Mail to create fixture ticket for testing',
      message: 'Mail to create fixture ticket for testing\n\nnukosuke (●ↀ ω ↀ●)',
      status: 'closed',
      created_at: '2019-06-03T02:23:47.000Z',
      updated_at: '2019-06-05T01:13:24.000Z',
      desk: {
        ...{ assignee: '377922500012', group: '360004077472', priority: null, sla_status: 'resolved', tags: [] },
      },
    }
    expect(await zendeskAt(url).listChanges(null, signal)).toMatchObject({
      tickets: [first, { external_id: '3', source: 'web', subject: 'にゃー', message: 'ぬこすけ', status: 'closed' }],
      failed: [],
      deleted: [],
      cursor: 'MTU4MDc1Mzc5OC4wfHw0MzJ8',
      isLast: true,
    })
    expect(await zendeskAt(url).findTicket('2', signal)).toEqual(first)
    expect(await zendeskAt(url).check(signal)).toEqual({ account: 'customer@example.com' })
  })

  it.each([
    ['authentication_test_correct_u_token', 'accepted'],
    ['authentication_test_correct_oauthtoken', 'accepted'],
    ['authentication_test_incorrect_token', 'refused'],
    ['authentication_test_incorrect_u_p', 'refused'],
    ['authentication_test_no_creds', 'refused'],
    ['authentication_test_incorrect_subdomain', 'refused'],
  ])('of %s are %s', async (name, verdict) => {
    const recording = recorded('zendesk/recordings.json').find((each: Body) => each.recording === name)
    const url = await replay({
      [EXPORT]: { tickets: [], after_cursor: null, end_of_stream: true },
      ...(recording.status === 200 ? { [recording.path]: recording.response } : {}),
    })
    const checked = zendeskAt(url).check(signal)
    if (verdict === 'accepted') expect(await checked).toEqual({ account: 'TEST USER' })
    else await expect(checked).rejects.toMatchObject({ kind: 'refused' })
  })
})

describe('the fake of Zendesk', () => {
  const authorization = basic('agent@example.com/token', 'zendesk-token')

  async function start() {
    const fake = await startFakeZendesk()
    onTestFinished(() => fake.close())
    return fake
  }

  it('serves tickets as they were recorded', async () => {
    const fake = await start()
    const id = fake.put({
      subject: 'x',
      message: 'y',
      source: 'email',
      customer_id: 7,
      created_at: '2026-01-01T00:00:00Z',
    })
    const recording = recorded('zendesk/ticket.json').ticket
    const single = await ask(fake.url, authorization, `/api/v2/tickets/${id}.json`)
    expect(drift(single.body.ticket, recording)).toEqual([])
    const list = await ask(fake.url, authorization, '/api/v2/incremental/tickets/cursor.json?start_time=0')
    const { generated_timestamp, ...exported } = list.body.tickets[0]
    expect(drift(exported, recording)).toEqual([])
    expect(generated_timestamp).toBeTypeOf('number')
  })

  it('answers users/me, signed in or not, as it was recorded', async () => {
    const fake = await start()
    const known = await ask(fake.url, authorization, '/api/v2/users/me.json')
    expect(drift(known.body.user, recorded('zendesk/user.json').user)).toEqual([])
    const unknown = await ask(fake.url, basic('agent@example.com/token', 'wrong'), '/api/v2/users/me.json')
    const incorrect = recorded('zendesk/recordings.json').find(
      (each: Body) => each.recording === 'authentication_test_incorrect_token',
    )
    expect(unknown).toMatchObject({ status: incorrect.status, body: incorrect.response })
  })

  it('misses a record as it was recorded', async () => {
    const fake = await start()
    const missing = recorded('zendesk/recordings.json').find(
      (each: Body) => each.status === 404 && each.path !== '/api/v2/users/me.json',
    )
    expect(await ask(fake.url, authorization, '/api/v2/tickets/4711.json')).toEqual({
      status: 404,
      body: missing.response,
    })
  })

  /** https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#cursor-based-pagination-json-format */
  it('serves the envelope of the export as it is documented', async () => {
    const fake = await start()
    fake.put({})
    const { body } = await ask(fake.url, authorization, '/api/v2/incremental/tickets/cursor.json?start_time=0')
    const documented = {
      tickets: [],
      after_url: '',
      after_cursor: '',
      before_url: null,
      before_cursor: null,
      end_of_stream: true,
    }
    expect(drift(body, documented)).toEqual([])
    expect(Object.keys(body).toSorted()).toEqual(Object.keys(documented).toSorted())
  })
})

describe('recorded answers of Freshdesk', () => {
  it('are read field by field', async () => {
    const url = await replay({
      '/api/v2/tickets': [recorded('freshdesk/ticket_1_updated.json')],
      '/api/v2/tickets/1': recorded('freshdesk/ticket_1.json'),
      '/api/v2/agents/me': recorded('freshdesk/agent_1.json'),
    })
    const ticket = {
      external_id: '1',
      source: 'web',
      customer_id: '6012691534',
      subject: 'This is a sample ticket',
      message: 'This is a sample ticket, feel free to delete it.',
      status: 'open',
      created_at: '2016-05-18T04:36:04.000Z',
      updated_at: '2016-05-18T23:42:50.000Z',
    }
    expect(await freshdeskAt(url).findTicket('1', signal)).toEqual({
      ...ticket,
      desk: {
        ...{ assignee: '6010396333', group: null, priority: 'low', sla_status: 'open', tags: ['foo', 'bar'] },
        ...{ answered_at: '2020-06-26T01:23:39.000Z', customer_wrote_at: '2020-06-25T23:10:15.000Z' },
        ...{ first_response_at: '2020-06-17T20:23:43.000Z', resolved_at: '2020-07-24T15:35:21.000Z' },
        status_changed_at: '2020-07-24T15:35:21.000Z',
      },
    })
    expect((await freshdeskAt(url).listChanges(null, signal)).tickets).toMatchObject([
      { ...ticket, subject: 'Test subject update', status: 'closed' },
    ])
    expect(await freshdeskAt(url).check(signal)).toEqual({ account: 'rachel@freshdesk.com' })
  })

  it('in the older shape are read too, times with an offset included', async () => {
    const url = await replay({ '/api/v2/tickets': recorded('freshdesk/all_tickets.json') })
    expect((await freshdeskAt(url).listChanges(null, signal)).tickets).toMatchObject([
      {
        external_id: '1',
        customer_id: '5004272351',
        message: 'This is a sample ticket, feel free to delete it.',
        created_at: '2014-12-31T02:27:09.000Z',
        updated_at: '2015-01-01T00:58:39.000Z',
      },
    ])
  })
})

describe('the fake of Freshdesk', () => {
  const authorization = basic('freshdesk-key', 'X')

  async function start() {
    const fake = await startFakeFreshdesk()
    onTestFinished(() => fake.close())
    return fake
  }

  it('serves tickets as they were recorded', async () => {
    const fake = await start()
    const id = fake.put({
      subject: 'x',
      message: 'y',
      source: 'email',
      customer_id: 7,
      created_at: '2026-01-01T00:00:00Z',
    })
    const recording = recorded('freshdesk/ticket_1.json')
    expect(drift((await ask(fake.url, authorization, `/api/v2/tickets/${id}`)).body, recording)).toEqual([])
    const list = await ask(
      fake.url,
      authorization,
      '/api/v2/tickets?include=description&updated_since=2020-01-01T00:00:00Z',
    )
    expect(drift(list.body[0], recording)).toEqual([])
  })

  it('answers agents/me as it was recorded', async () => {
    const fake = await start()
    const { body } = await ask(fake.url, authorization, '/api/v2/agents/me')
    const recording = recorded('freshdesk/agent_1.json')
    expect(drift(body, recording)).toEqual([])
    expect(drift(body.contact, recording.contact)).toEqual([])
  })

  it.each([
    ['without a description unless it is asked for', '?updated_since=2000-01-01T00:00:00Z', [2, 1]],
    ['with only those created in the last 30 days unless it is asked for older ones', '', [2]],
  ])('lists tickets %s', async (_what, query, ids) => {
    const fake = await start()
    fake.put({ id: 1, created_at: '2020-01-01T00:00:00Z', updated_at: '2020-01-01T00:00:00Z' })
    fake.put({ id: 2 })
    const { body } = await ask(fake.url, authorization, `/api/v2/tickets${query}`)
    expect(body.map(({ id }: Body) => id).toSorted()).toEqual(ids.toSorted())
    for (const ticket of body) expect(ticket).not.toHaveProperty('description')
  })

  /** https://github.com/airbytehq/airbyte/issues/3858 */
  it('refuses the page after the 300th in the words that were reported', async () => {
    const fake = await start()
    expect(await ask(fake.url, authorization, '/api/v2/tickets?page=301')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'page', code: 'invalid_value', message: expect.stringContaining('300th page') }] },
    })
  })
})
