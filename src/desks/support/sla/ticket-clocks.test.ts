import { describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { ago, row, type ShownTicket, slaScene } from './sla-scene.fixture.ts'

/** Without workers: what is asked for here must not need one. */
const system = testSystem({ SIGNALBOX_ROLES: 'api' })

const MINUTE = 60
const POLICY = `
rules:
  - name: all
    targets: { first_response: PT1H, next_response: PT2H, resolution: P1D }
`

describe('the clocks of a ticket', () => {
  it('have the deadlines of the original’s matrix from the moment at which it is told', async () => {
    const { post, show } = await slaScene(system)
    await post(row('T-1', 10))
    const shown = await show('T-1')
    expect(shown).toMatchObject({
      ...{ external_id: 'T-1', priority: 'high', customer_tier: 'business', status: 'open', overall_state: 'on_track' },
      response_sla: {
        deadline: ago(10 - 45),
        state: 'on_track',
        is_breached: false,
        met_at: null,
        target_seconds: 45 * MINUTE,
      },
      resolution_sla: { deadline: ago(10 - 360), state: 'on_track', target_seconds: 360 * MINUTE },
      next_deadline: ago(10 - 45),
      ...{ next_response_sla: null, active_alerts: [] },
    })
    expect(shown.response_sla?.remaining_seconds).toBeLessThanOrEqual(35 * MINUTE)
    expect(shown.timeline[0]).toMatchObject({
      what: 'opened',
      text: expect.stringContaining('priority high; tier business'),
    })
    expect(shown.timeline[0]?.effects.map(({ clock, change }) => [clock, change])).toEqual([
      ['response', 'started'],
      ['resolution', 'started'],
    ])
  })

  it('keep 7.5 minutes as they are: no second is lost to whole minutes', async () => {
    const { post, show } = await slaScene(system)
    await post(row('T-1', 1, { priority: 'critical', customer_tier: 'enterprise' }))
    expect((await show('T-1')).response_sla?.target_seconds).toBe(450)
  })

  it('that are met raise nothing, and stay met whatever is left out later (faults 2 and 6)', async () => {
    const { post, show, get } = await slaScene(system)
    await post(row('T-1', 60, { first_response_at: ago(50), updated_at: ago(50) }))
    await post({ id: 'T-1', updated_at: ago(40), assignee: 'ada' })
    const shown = await show('T-1')
    expect(shown.response_sla).toMatchObject({
      state: 'met',
      met_at: ago(50),
      is_breached: false,
      remaining_seconds: 35 * MINUTE,
    })
    expect([shown.overall_state, shown.active_alerts]).toEqual(['on_track', []])
    expect((await get('/sla/alerts')).body).toMatchObject({ alerts: [] })
  })

  it('stand still while the ticket waits for the customer or a vendor (fault 7)', async () => {
    const { post, show } = await slaScene(system)
    await post(row('T-1', 600))
    await post({ id: 'T-1', updated_at: ago(590), status: 'pending_customer' })
    const paused = await show('T-1')
    expect(paused).toMatchObject({
      ...{ overall_state: 'paused', next_deadline: null },
      response_sla: { state: 'paused', deadline: null, elapsed_seconds: 10 * MINUTE, is_breached: false },
      resolution_sla: { state: 'paused', elapsed_seconds: 10 * MINUTE },
    })
    await post({ id: 'T-1', updated_at: ago(1), status: 'in_progress' })
    const resumed = await show('T-1')
    expect(resumed.response_sla).toMatchObject({
      state: 'on_track',
      deadline: ago(1 - 35),
      paused_seconds: 589 * MINUTE,
    })
    const texts = resumed.timeline.flatMap(({ effects }) => effects.map(({ text }) => text))
    expect(texts.filter((text) => text.startsWith('First response: '))).toEqual([
      expect.stringMatching(/^First response: due /),
      expect.stringMatching(/^First response: paused; it was due /),
      expect.stringMatching(/^First response: goes on; due /),
    ])
  })

  it('end with the resolution, also that of a first response that never came (fault 7)', async () => {
    const { post, show } = await slaScene(system)
    await post(row('T-1', 30), { id: 'T-1', updated_at: ago(10), status: 'resolved' })
    expect(await show('T-1')).toMatchObject({
      ...{ overall_state: 'met', next_deadline: null },
      response_sla: { state: 'met', met_at: ago(10) },
      resolution_sla: { state: 'met', met_at: ago(10) },
    })
  })

  it('that are late say by how much, and stay late when they are met (facts 3.2)', async () => {
    const { post, show } = await slaScene(system)
    await post(row('T-1', 60))
    const late = await show('T-1')
    expect(late).toMatchObject({ overall_state: 'breached', response_sla: { state: 'breached', is_breached: true } })
    expect(late.response_sla?.remaining_seconds).toBeLessThanOrEqual(-15 * MINUTE)
    expect(late.timeline.some(({ what, text }) => what === 'clock' && text === 'The deadline passed')).toBe(true)
    await post({ id: 'T-1', updated_at: ago(5), first_response_at: ago(5) })
    expect(await show('T-1')).toMatchObject({
      response_sla: { state: 'met_late', met_at: ago(5), remaining_seconds: -10 * MINUTE, is_breached: true },
    })
  })

  it('go on after reopening where they stopped: what was elapsed and paused is kept', async () => {
    const { post, show } = await slaScene(system)
    await post(
      row('T-1', 300),
      { id: 'T-1', updated_at: ago(290), status: 'pending_customer' },
      { id: 'T-1', updated_at: ago(240), status: 'in_progress' },
      { id: 'T-1', updated_at: ago(200), status: 'resolved' },
      { id: 'T-1', updated_at: ago(20), status: 'open' },
    )
    const { resolution_sla } = await show('T-1')
    expect(resolution_sla).toMatchObject({ state: 'on_track', paused_seconds: 50 * MINUTE })
    // 10 minutes and 40 before it was resolved, 310 of 360 left since it was opened again.
    expect(resolution_sla?.deadline).toBe(ago(20 - 310))
  })

  it('move with priority and tier, and the history says from where to where', async () => {
    const { post, show, send } = await slaScene(system)
    await post(row('T-1', 10))
    await send('PATCH', '/sla/tickets/T-1', { customer_tier: 'enterprise' })
    const shown = await show('T-1')
    expect(shown.response_sla).toMatchObject({ deadline: ago(10 - 30), target_seconds: 30 * MINUTE })
    const moved = shown.timeline.find(({ what }) => what === 'moved')
    expect(moved?.text).toContain('tier enterprise')
    expect(moved?.effects[0]?.text).toMatch(/^First response: the deadline moves from .+ to .+/)
  })

  it('of a ticket that was merged away are cancelled, and those of the other go on', async () => {
    const { post, show, send } = await slaScene(system)
    await post(row('T-1', 10), row('T-2', 5))
    await send('POST', '/sla/tickets/T-1/merge', { into: 'T-2' })
    const [merged, other] = [await show('T-1'), await show('T-2')]
    expect(merged).toMatchObject({
      status: 'closed',
      overall_state: 'cancelled',
      resolution_sla: { state: 'cancelled' },
    })
    expect(other).toMatchObject({ overall_state: 'on_track', resolution_sla: { deadline: ago(5 - 360) } })
    expect(other.timeline.map(({ text }) => text)).toContain('Ticket T-1 was merged into this one')
  })

  it('begin a round when the customer writes again, and end it with our answer', async () => {
    const { post, show, send } = await slaScene(system)
    await send('PUT', '/sla/policy', { document: POLICY })
    const began = Date.now()
    const at = (ms: number) => new Date(began + ms).toISOString()
    await waitFor('it was never later', () => Date.now() > began + 5)
    await post(
      row('T-1', 0, { created_at: at(0), first_response_at: at(1), customer_wrote_at: at(2), updated_at: at(2) }),
    )
    expect(await show('T-1')).toMatchObject({
      response_sla: { state: 'met', target_seconds: 60 * MINUTE },
      next_response_sla: { state: 'on_track', deadline: at(2 + 120 * MINUTE * 1_000) },
    })
    await post({ id: 'T-1', answered_at: at(3), updated_at: at(3) })
    expect((await show('T-1')).next_response_sla).toMatchObject({ state: 'met', met_at: at(3) })
  })

  it('keep what was elapsed and paused when another policy comes into force', async () => {
    const { post, show, send } = await slaScene(system)
    await post(
      row('T-1', 100),
      { id: 'T-1', updated_at: ago(90), status: 'pending_customer' },
      { id: 'T-1', updated_at: ago(20), status: 'in_progress' },
    )
    const before = await show('T-1')
    await send('PUT', '/sla/policy', { document: POLICY })
    const after = await show('T-1')
    expect(after.resolution_sla).toMatchObject({ target_seconds: 24 * 60 * MINUTE, paused_seconds: 70 * MINUTE })
    expect(after.resolution_sla?.elapsed_seconds).toBeGreaterThanOrEqual(before.resolution_sla?.elapsed_seconds ?? 0)
    expect(after.resolution_sla?.deadline).toBe(ago(20 - (24 * 60 - 10)))
    const changed = after.timeline.find(({ text }) => text.startsWith('Another policy is in force'))
    expect(changed?.effects.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^Resolution: the deadline moves from/),
    )
  })

  it('are those of rules where nobody told priority and tier', async () => {
    const { post, show } = await slaScene(system)
    const { subject, content, created_at, updated_at } = row('T-1', 1)
    await post({
      id: 'T-1',
      subject,
      content: `${content} This is urgent, we lose money every minute!`,
      created_at,
      updated_at,
    })
    const shown = await show('T-1')
    expect([shown.customer_tier, shown.timeline.filter(({ what }) => what === 'moved')]).toEqual(['standard', []])
    expect(shown.timeline[0]?.text).toContain(`priority ${shown.priority}; tier standard`)
  })

  it('are known by our id too; an unknown one is 404', async () => {
    const { post, show, get } = await slaScene(system)
    await post(row('T-1', 1))
    const { ticket_id } = await show('T-1')
    expect((await show(ticket_id)).external_id).toBe('T-1')
    expect((await get<{ code: string }>('/sla/tickets/T-9')).body.code).toBe('sla.ticket_not_found')
  })
})

describe('the dashboard', () => {
  type Dashboard = {
    tickets: ShownTicket[]
    total_count: number
    summary: Record<string, number>
    next_cursor: string | null
  }
  const someTickets = async () => {
    const scene = await slaScene(system)
    const done = { status: 'resolved', resolved_at: ago(5), updated_at: ago(5) }
    await scene.post(
      ...Array.from({ length: 6 }, (_, n) => row(`late-${n}`, 50 + n, { group: 'network' })),
      ...Array.from({ length: 4 }, (_, n) => row(`risk-${n}`, 40 + n / 10, { customer_tier: 'business' })),
      ...Array.from({ length: 8 }, (_, n) => row(`fine-${n}`, 1 + n, { assignee: 'ada', priority: 'low' })),
      ...Array.from({ length: 3 }, (_, n) => row(`wait-${n}`, 500, { status: 'pending_vendor', updated_at: ago(499) })),
      ...Array.from({ length: 3 }, (_, n) => row(`done-${n}`, 20, done)),
    )
    const pages = async (query: string) => {
      const seen: ShownTicket[] = []
      let cursor: string | null = ''
      let last: Dashboard | undefined
      while (cursor !== null) {
        last = await scene.send<Dashboard>('GET', `/sla/dashboard?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
        seen.push(...last.tickets)
        cursor = last.next_cursor
      }
      return { seen, total: last?.total_count, summary: last?.summary }
    }
    return { ...scene, pages }
  }

  it('counts all tickets of the filter, whatever the page (fault 16)', async () => {
    const { send } = await someTickets()
    const first = await send<Dashboard>('GET', '/sla/dashboard?limit=2')
    expect(first.tickets).toHaveLength(2)
    expect([first.total_count, first.summary]).toEqual([
      24,
      {
        ...{ total_tickets: 24, breached_count: 6, at_risk_count: 4, on_track_count: 8, paused_count: 3, met_count: 3 },
        ...{ met_late_count: 0, cancelled_count: 0, breach_rate: 25 },
      },
    ])
  })

  it('filters states before it cuts pages (fault 16), and shows each ticket once, the most urgent first', async () => {
    const { pages } = await someTickets()
    for (const [state, count] of Object.entries({ breached: 6, at_risk: 4, on_track: 8, paused: 3, met: 3 })) {
      const { seen, total } = await pages(`sla_state=${state}&limit=2`)
      expect([state, total, seen.length, new Set(seen.map(({ overall_state }) => overall_state))]).toEqual([
        ...[state, count, count, new Set([state])],
      ])
    }
    const { seen } = await pages('limit=5')
    expect(new Set(seen.map(({ external_id }) => external_id)).size).toBe(24)
    const deadlines = seen.flatMap(({ next_deadline }) => next_deadline ?? [])
    expect(deadlines).toEqual(deadlines.toSorted())
    expect(seen.slice(0, 6).every(({ external_id }) => external_id.startsWith('late'))).toBe(true)
    expect(seen.slice(-3).every(({ external_id }) => external_id.startsWith('done'))).toBe(true)
  })

  it.each([
    ['group=network', 6],
    ['assignee=ada', 8],
    ['priority=low', 8],
    ['customer_tier=free', 0],
    ['status=pending_vendor', 3],
    ['status=resolved&sla_state=met', 3],
    ['due_before=NOW', 6],
  ])('%s chooses %d', async (query, count) => {
    const { pages } = await someTickets()
    const { seen, total } = await pages(query.replace('NOW', ago(0)))
    expect([seen.length, total]).toEqual([count, count])
  })

  it('refuses what is no filter, and says which', async () => {
    const { get } = await slaScene(system)
    for (const [field, value] of Object.entries({
      sla_state: 'late',
      customer_tier: 'gold',
      due_before: 'soon',
      offset: '1',
    })) {
      const { status, body } = await get<{ errors: { field: string }[] }>(`/sla/dashboard?${field}=${value}`)
      expect([status, body.errors[0]?.field]).toEqual([422, field])
    }
  })

  it('is the same in a file: row for row, in the same order', async () => {
    const { pages, get } = await someTickets()
    const { seen } = await pages('sla_state=on_track&limit=3')
    const { text } = await get('/sla/dashboard/export?sla_state=on_track')
    const [head = '', ...lines] = text.replace('\uFEFF', '').trimEnd().split('\r\n')
    const column = (name: string) =>
      lines.map((line) => line.split(',')[head.split(',').indexOf(name)]?.replaceAll('"', ''))
    expect(column('external_id')).toEqual(seen.map(({ external_id }) => external_id))
    expect(column('response_deadline')).toEqual(seen.map(({ response_sla }) => response_sla?.deadline))
  })
})

describe('the report', () => {
  type Numbers = { met: number; missed: number; attainment: number | null; average_seconds: number }
  type Report = { total: Numbers; parts: (Numbers & { part: string; rows: string })[] }
  type Rows = { rows: { external_id: string; outcome: string; elapsed_seconds: number }[] }

  it('says how much was kept, and has the clocks behind each number, on screen and in the file', async () => {
    const { post, send, get } = await slaScene(system)
    await post(
      row('kept', 60, { first_response_at: ago(50), updated_at: ago(50) }),
      row('late', 60, { first_response_at: ago(5), updated_at: ago(5) }),
      row('never', 60, { customer_tier: 'free' }),
      row('gone', 200, { customer_tier: 'free' }),
      row('waits', 200, { status: 'pending_customer', updated_at: ago(199) }),
    )
    const range = `from=${ago(1_000)}&to=${ago(-1)}&sla_type=response`
    const report = await send<Report>('GET', `/sla/report?${range}&by=customer_tier`)
    expect(report.total).toMatchObject({ met: 1, missed: 2, attainment: 33.33 })
    expect(report.parts.map(({ part, met, missed }) => [part, met, missed])).toEqual([
      ['business', 1, 1],
      ['free', 0, 1],
    ])
    for (const part of report.parts) {
      const { rows } = (await call<Rows>(system.url + part.rows, { token: OPERATOR_TOKEN })).body
      expect(rows.length).toBe(part.met + part.missed)
      const sum = rows.reduce((total, { elapsed_seconds }) => total + elapsed_seconds, 0)
      expect(sum / rows.length).toBeCloseTo(part.average_seconds, 0)
    }
    const { text } = await get(`/sla/report/export?${range}`)
    expect(text.trimEnd().split('\r\n')).toHaveLength(1 + 3)
    const byDay = await send<Report>('GET', `/sla/report?${range}&by=day`)
    expect(byDay.parts.reduce((sum, { met, missed }) => sum + met + missed, 0)).toBe(3)
  })

  it('does not change what was decided when an answer comes late, or a policy changes', async () => {
    const { post, send } = await slaScene(system)
    const late = `/sla/report?from=${ago(100)}&to=${ago(10)}&sla_type=response`
    await post(row('T-1', 60))
    const before = (await send<Report>('GET', late)).total
    await post({ id: 'T-1', updated_at: ago(5), first_response_at: ago(5) })
    expect([before.met, before.missed]).toEqual([0, 1])
    expect((await send<Report>('GET', late)).total).toMatchObject({ met: 0, missed: 1 })
  })

  it('refuses a range that is none, or longer than a year', async () => {
    const { get } = await slaScene(system)
    expect((await get(`/sla/report?from=${ago(1)}&to=${ago(2)}`)).status).toBe(422)
    expect((await get(`/sla/report?from=${ago(600_000)}&to=${ago(0)}`)).status).toBe(422)
  })
})
