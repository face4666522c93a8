import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { administer, createDatabase } from '../../../test/harness/server.ts'
import { migrationSets } from '../../modules.ts'
import { migrate } from '../../platform/database/index.ts'

const db = testDatabase()
const query = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
  administer(db.url, async (superuser) => (await superuser.query<Row>(text, values)).rows)

const BERLIN = 'Europe/Berlin'

describe('the end of quiet hours', () => {
  const endOf = async (at: string, zone: string, from: string, to: string) => {
    const values = [at, zone, from, to]
    const [row] = await query<{ due: Date }>('select end_of_quiet_hours($1, $2, $3::time, $4::time) as due', values)
    return row?.due.toISOString().replace('.000Z', 'Z')
  }

  it.each([
    // Within a day: from belongs to it, to does not.
    ['2026-01-15T12:59:59Z', 'UTC', '13:00', '15:00', '2026-01-15T12:59:59Z'],
    ['2026-01-15T13:00:00Z', 'UTC', '13:00', '15:00', '2026-01-15T15:00:00Z'],
    ['2026-01-15T14:59:59Z', 'UTC', '13:00', '15:00', '2026-01-15T15:00:00Z'],
    ['2026-01-15T15:00:00Z', 'UTC', '13:00', '15:00', '2026-01-15T15:00:00Z'],
    // Over midnight, on both sides of it, over the end of a month and of a year.
    ['2026-01-15T21:59:00Z', 'UTC', '22:00', '07:00', '2026-01-15T21:59:00Z'],
    ['2026-01-15T22:00:00Z', 'UTC', '22:00', '07:00', '2026-01-16T07:00:00Z'],
    ['2026-01-16T00:00:00Z', 'UTC', '22:00', '07:00', '2026-01-16T07:00:00Z'],
    ['2026-01-16T06:59:59Z', 'UTC', '22:00', '07:00', '2026-01-16T07:00:00Z'],
    ['2026-01-16T07:00:00Z', 'UTC', '22:00', '07:00', '2026-01-16T07:00:00Z'],
    ['2026-12-31T23:30:00Z', 'UTC', '22:00', '07:00', '2027-01-01T07:00:00Z'],
    ['2026-01-15T12:00:00Z', 'UTC', '13:00', '00:00', '2026-01-15T12:00:00Z'],
    ['2026-01-15T13:00:00Z', 'UTC', '13:00', '00:00', '2026-01-16T00:00:00Z'],
    ['2026-01-15T05:00:00Z', 'UTC', '00:00', '06:00', '2026-01-15T06:00:00Z'],
    // On the clocks of the zone.
    ['2026-01-15T20:59:00Z', BERLIN, '22:00', '07:00', '2026-01-15T20:59:00Z'],
    ['2026-01-15T21:00:00Z', BERLIN, '22:00', '07:00', '2026-01-16T06:00:00Z'],
    ['2026-07-15T20:00:00Z', BERLIN, '22:00', '07:00', '2026-07-16T05:00:00Z'],
    ['2026-01-15T16:45:00Z', 'Asia/Kathmandu', '22:00', '07:00', '2026-01-16T01:15:00Z'],
    ['2026-01-15T10:00:00Z', 'Pacific/Kiritimati', '00:00', '06:00', '2026-01-15T16:00:00Z'],
    // Clocks go forward at 02:00 on 29 March, back at 03:00 on 25 October: the night is 8 and 10 hours long.
    ['2026-03-28T21:00:00Z', BERLIN, '22:00', '07:00', '2026-03-29T05:00:00Z'],
    ['2026-03-29T00:59:59Z', BERLIN, '22:00', '07:00', '2026-03-29T05:00:00Z'],
    ['2026-10-24T20:00:00Z', BERLIN, '22:00', '07:00', '2026-10-25T06:00:00Z'],
    // 02:30 is no time of that day: quiet until 03:30, as clocks that were not changed would say.
    ['2026-03-28T23:30:00Z', BERLIN, '23:00', '02:30', '2026-03-29T01:30:00Z'],
    // 02:30 comes twice on that day: quiet until the second one.
    ['2026-10-24T22:30:00Z', BERLIN, '23:00', '02:30', '2026-10-25T01:30:00Z'],
  ])('at %s in %s, quiet from %s to %s, is %s', async (at, zone, from, to, due) => {
    expect(await endOf(at, zone, from, to)).toBe(due)
  })
})

describe('around a change of the clocks', () => {
  it.each(['2026-03-29', '2026-10-25'])(
    'nothing raised on %s is due before it was raised, or later than a day',
    async (day) => {
      const wrong = await query(
        `select at, quiet_from, quiet_to from generate_series($1::timestamptz - interval '1 day', $1::timestamptz + interval '1 day', '7 min') as at,
         unnest($3::time[]) as quiet_from, unnest($3::time[]) as quiet_to,
         lateral (select end_of_quiet_hours(at, $2, quiet_from, quiet_to) as due) as ends
       where quiet_from <> quiet_to and (due < at or due > at + interval '25 hours')`,
        [`${day}T01:00:00Z`, BERLIN, ['00:00', '01:59', '02:00', '02:30', '02:59', '03:00', '12:00', '23:59']],
      )
      expect(wrong).toEqual([])
    },
  )
})

describe('a subscription', () => {
  const clock = (hoursFromNow: number) => new Date(Date.now() + hoursFromNow * 3_600_000).toISOString().slice(11, 16)
  const QUIET_NOW = [clock(-2), clock(2)]
  beforeAll(() => query(`insert into tenants (tenant_id, name) values ('alder', 'Alder')`))

  /** When a signal of this severity that is raised now is due, by the subscriptions of a channel; null: not told. */
  const dueAfter = async (severity: string, subscriptions: { kinds?: string; least?: string; quiet?: string[] }[]) => {
    const [channel] = await query<{ id: string }>(
      `insert into channels (tenant_id, kind, name, created_by) values ('alder', 'webhook', gen_random_uuid()::text, 'test')
       returning channel_id as id`,
    )
    for (const { kinds = '{}', least = 'info', quiet = [] } of subscriptions) {
      const values = [channel?.id, kinds, least, quiet[0] ?? null, quiet[1] ?? null]
      await query(
        `insert into subscriptions (tenant_id, channel_id, kinds, minimum_severity, quiet_from, quiet_to, created_by)
         values ('alder', $1, $2, $3::signal_severity, $4::time, $5::time, 'test')`,
        values,
      )
    }
    const rows = await query<{ wait: number }>(
      `with raised as (insert into signals (tenant_id, kind, subject, severity, title, dedupe_key)
         values ('alder', 'a.b', 's', $1::signal_severity, 't', gen_random_uuid()::text) returning signal_id)
       select 0 as wait from raised`,
      [severity],
    )
    expect(rows).toHaveLength(1)
    return query<{ waits: boolean }>('select due_at > now() as waits from deliveries where channel_id = $1', [
      channel?.id,
    ])
  }

  it('lets a channel be told at once of what is severe enough and of its kinds, once however many say so', async () => {
    expect(await dueAfter('warning', [{ least: 'warning' }, { kinds: '{a.b}' }])).toEqual([{ waits: false }])
    expect(await dueAfter('info', [{ least: 'warning' }, { kinds: '{c.d}' }])).toEqual([])
  })

  it('lets it wait for the end of quiet hours, unless another one has none', async () => {
    expect(await dueAfter('info', [{ quiet: QUIET_NOW }])).toEqual([{ waits: true }])
    expect(await dueAfter('info', [{ quiet: QUIET_NOW }, {}])).toEqual([{ waits: false }])
  })

  it.each([
    ['only a beginning', '22:00', null],
    ['only an end', null, '22:00'],
    ['an end that is its beginning', '22:00', '22:00'],
  ])('cannot be stored with %s of quiet hours', async (_what, from, to) => {
    const values = [from, to]
    const storing = query(
      `insert into subscriptions (tenant_id, channel_id, quiet_from, quiet_to, created_by)
       select tenant_id, channel_id, $1::time, $2::time, 'test' from channels limit 1`,
      values,
    )
    await expect(storing).rejects.toThrow('violates check constraint')
  })
})

describe('a tenant', () => {
  it('from before there were channels has its notify channel and subscription, as a later one has', async () => {
    const made = await createDatabase(inject('serverUrl'), 'template0')
    onTestFinished(made.drop)
    const at = migrationSets.findIndex(({ module }) => module === 'core/signals')
    await migrate({ url: made.url, sets: migrationSets.slice(0, at), logger: silent })
    const rows = await administer(made.url, async (superuser) => {
      await superuser.query(
        `insert into tenants (tenant_id, name) values ('early', 'Early'), ('early_too', 'Early too')`,
      )
      await migrate({ url: made.url, sets: migrationSets, logger: silent })
      await superuser.query(`insert into tenants (tenant_id, name) values ('late', 'Late'), ('late_too', 'Late too')`)
      const found = await superuser.query(
        `select tenant_id, kind, is_enabled, circuit, kinds::text as kinds
         from channels join subscriptions using (tenant_id, channel_id) order by tenant_id`,
      )
      return found.rows as unknown[]
    })
    const notify = { kind: 'notify', is_enabled: true, circuit: 'notify', kinds: '{ticket.urgent}' }
    expect(rows).toEqual(['early', 'early_too', 'late', 'late_too'].map((tenant_id) => ({ tenant_id, ...notify })))
  })
})
