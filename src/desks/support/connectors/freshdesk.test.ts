import { describe, expect, it, onTestFinished } from 'vitest'
import { startFakeFreshdesk } from '../../../../test/fakes/freshdesk.ts'
import { emptyMirror, follow } from '../../../../test/fakes/walk-changes.ts'
import { freshdeskSource } from './freshdesk.ts'

const { signal } = new AbortController()

async function connect() {
  const fake = await startFakeFreshdesk()
  onTestFinished(() => fake.close())
  const source = freshdeskSource(
    { baseUrl: fake.url, credentials: { api_key: 'freshdesk-key' } },
    { fetch, timeoutSeconds: 30 },
  )
  return { fake, source }
}

/** The account as a proxy shows it that takes all headers away and puts in these. */
function withHeaders(baseUrl: string, headers: Record<string, string>) {
  const proxied: typeof fetch = async (...call) => {
    const { status, body } = await fetch(...call)
    return new Response(body, { status, headers })
  }
  return freshdeskSource({ baseUrl, credentials: { api_key: 'freshdesk-key' } }, { fetch: proxied, timeoutSeconds: 30 })
}

describe('Freshdesk', () => {
  it.each([
    [2, 'open'],
    [3, 'pending'],
    [4, 'closed'],
    [5, 'closed'],
    [6, 'pending'],
    [7, 'pending'],
    [42, 'pending'],
  ])('status %i is %s', async (status, expected) => {
    const { fake, source } = await connect()
    fake.put({ raw: { status } })
    expect((await source.listChanges(null, signal)).tickets).toMatchObject([{ status: expected }])
  })

  it.each([
    [1, 'email'],
    [2, 'web'],
    [3, 'phone'],
    [7, 'chat'],
    [9, 'feedback_widget'],
    [10, 'outbound_email'],
    [15, 'source_15'],
  ])('source %i is %s', async (number, expected) => {
    const { fake, source } = await connect()
    fake.put({ raw: { source: number } })
    expect((await source.listChanges(null, signal)).tickets).toMatchObject([{ source: expected }])
  })

  it('sends a status that is no number back with the reason', async () => {
    const { fake, source } = await connect()
    fake.put({ raw: { status: 'constructor' } })
    const [failed] = (await source.listChanges(null, signal)).failed
    expect(failed?.reason).toMatch(/status/)
  })

  it.each([null, 'constructor', {}, ''])('loses no ticket to the source %j, which is unknown', async (value) => {
    const { fake, source } = await connect()
    fake.put({ raw: { source: value } })
    expect(await source.listChanges(null, signal)).toMatchObject({ failed: [], tickets: [{ source: 'unknown' }] })
  })

  it('tells tickets of years ago, which the list leaves out unless it is asked for them', async () => {
    const { fake, source } = await connect()
    const id = fake.put({ created_at: '2011-01-01T00:00:00Z', updated_at: '2011-01-02T00:00:00Z' })
    expect([...(await follow(emptyMirror(), () => source)).tickets.keys()]).toEqual([id])
  })

  it('tells spam as deleted, and as restored when it was none', async () => {
    const { fake, source } = await connect()
    const id = Number(fake.put({}))
    const mirror = await follow(emptyMirror(), () => source)
    fake.put({ id, raw: { spam: true } })
    await follow(mirror, () => source)
    expect([...mirror.deleted]).toEqual([String(id)])
    expect(await source.findTicket(String(id), signal)).toBeNull()
    fake.put({ id, raw: { spam: false } })
    await follow(mirror, () => source)
    expect([...mirror.deleted]).toEqual([])
  })

  it('takes the description where there is no text of it', async () => {
    const { fake, source } = await connect()
    fake.put({ raw: { description: 'as text', description_text: undefined } })
    expect((await source.listChanges(null, signal)).tickets).toMatchObject([{ message: 'as text' }])
  })

  it('goes on after a full page whose link to the next was lost on the way', async () => {
    const { fake } = await connect()
    for (let index = 0; index < 250; index += 1)
      fake.put({ updated_at: new Date(1.7e12 + index * 1_000).toISOString() })
    const source = withHeaders(fake.url, {})
    expect((await follow(emptyMirror(), () => source)).tickets.size).toBe(250)
  })

  it.each([
    ['the answers have no date', {}],
    ['its clock is wrong as well', { date: 'Wed, 01 Jan 2206 00:00:00 GMT' }],
  ])('tells what changes after a ticket that says it changed in 2206, also where %s', async (_when, headers) => {
    const { fake } = await connect()
    const [strange, usual] = [fake.put({ updated_at: '2206-01-01T00:00:00Z' }), fake.put({ subject: 'as it was' })]
    const source = withHeaders(fake.url, headers)
    const mirror = await follow(emptyMirror(), () => source)
    expect([...mirror.tickets.keys()].toSorted()).toEqual([strange, usual].toSorted())
    fake.put({ id: Number(usual), subject: 'changed' })
    expect((await follow(mirror, () => source)).tickets.get(usual)?.subject).toBe('changed')
  })

  it('refuses to walk more tickets of one second than Freshdesk lists, after a bounded number of calls', async () => {
    const { fake, source } = await connect()
    for (let index = 0; index < 30_001; index += 1) fake.put({ updated_at: '2026-01-01T00:00:00Z' })
    // The first call finds out that all changed in one second, the next 300 read its pages.
    await expect(follow(emptyMirror(), () => source)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('30000 tickets or more'),
    })
    expect(fake.calls().length).toBeLessThanOrEqual(301)
  })
})
