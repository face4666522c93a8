import { z } from 'zod'
import { RISK_REASONS, riskReasons } from './risk.ts'
import { CUSTOMERS_MAX, WAITS_LONG_DAYS } from './statement/customers.ts'
import { KEYWORDS_MAX } from './statement/facets.ts'
import { SOURCES_MAX, type Stats, type TrendRow } from './store.ts'

const count = z.int()
const ratio = z.number()
const moment = z.iso.datetime()
const COUNTED = 'live tickets (not deleted) created at or after `from` and before `to`, all of them without a range'
const drill = (filter: string) =>
  `In the list of tickets: ${filter}, with \`created_from\` = \`from\` and \`created_to\` = \`to\`.`

const trendBounds = {
  from: moment.meta({ description: 'The first instant that is counted: `created_from` in the list of tickets' }),
  to: moment.meta({ description: 'The first instant that no longer is: `created_to` in the list of tickets' }),
  count: count.meta({ description: 'Live tickets created then' }),
}

const Customer = z.object({
  customer_id: z.string(),
  points: count.meta({
    description:
      '5 for each unresolved ticket of high urgency, 3 for each unresolved ticket of negative sentiment beyond the first',
  }),
  reasons: z.array(z.enum(RISK_REASONS)).meta({
    description: `These put a customer here: \`high_urgency\` (an unresolved ticket of high urgency), \`repeatedly_negative\` (two or more unresolved tickets of negative sentiment). These are added where they hold: \`waiting_long\` (an unresolved ticket is older than ${WAITS_LONG_DAYS} days), \`rising\` (three or more tickets in the 30 days up to \`generated_at\`, and more than in the 30 days before).`,
  }),
  unresolved_high: count.meta({
    description: 'Unresolved tickets of high urgency; `customer_id`, `status`, `urgency=high`',
  }),
  unresolved_negative: count.meta({
    description: 'Unresolved tickets of negative sentiment; `customer_id`, `status`, `sentiment=negative`',
  }),
  tickets_last_30_days: count.meta({
    description:
      'Live tickets created in the 30 days up to `generated_at`, counted up to 200; `customer_id`, `created_from`',
  }),
  tickets_30_days_before: count.meta({
    description: 'The same for the 30 days before those; `customer_id`, `created_from`, `created_to`',
  }),
})

const period = z.object({ from: moment, to: moment })

/** What each number means and how to list its tickets; shown at /docs. */
export const StatsView = z
  .object({
    tenant_id: z.string(),
    generated_at: moment.meta({ description: 'When; every number is of this one moment' }),
    time_zone: z.string().meta({ description: 'The tenant’s, by which hours and days begin' }),
    range: z
      .object({ from: moment.nullable(), to: moment.nullable() })
      .meta({ description: 'Which tickets are counted, by their `created_at`; null: no bound' }),
    total_tickets: count.meta({ description: `The number of ${COUNTED}. ${drill('no further filter')}` }),
    by_status: z
      .object({ open: count, pending: count, closed: count })
      .meta({ description: `Of them, by status. ${drill('`status`')}` }),
    by_urgency: z
      .object({ high: count, medium: count, low: count })
      .meta({ description: `Of them, by urgency; what is not classified yet is low. ${drill('`urgency`')}` }),
    by_sentiment: z
      .object({ negative: count, neutral: count, positive: count })
      .meta({ description: `Of them, by sentiment; what is not classified yet is neutral. ${drill('`sentiment`')}` }),
    urgency_high_ratio: ratio.meta({ description: '`by_urgency.high` / `total_tickets`; 0 when there are none' }),
    negative_sentiment_ratio: ratio.meta({
      description: '`by_sentiment.negative` / `total_tickets`; 0 when there are none',
    }),
    requires_action: count.meta({
      description: `Of them, those that require action. ${drill('`requires_action=true`')}`,
    }),
    hourly_trend: z
      .array(
        z.object({
          hour: z.iso.datetime({ offset: true }).meta({ description: 'When it begins, on the tenant’s clocks' }),
          ...trendBounds,
        }),
      )
      .meta({
        description:
          '24 rows of sixty minutes, oldest first, zeros included. The last is the hour of the tenant’s clocks that contains `generated_at`, or the end of the range when that is earlier. Only what the range counts is counted.',
      }),
    daily_trend: z
      .array(z.object({ day: z.iso.date().meta({ description: 'On the tenant’s calendar' }), ...trendBounds }))
      .meta({
        description:
          '30 rows, one for each day of the tenant’s calendar (23 to 25 hours where clocks are set), oldest first, zeros included. The last contains `generated_at`, or the end of the range when that is earlier.',
      }),
    top_keywords: z
      .array(
        z.object({
          keyword: z.string(),
          count: count.meta({ description: `The number of ${COUNTED} that have the keyword. ${drill('`keyword`')}` }),
          current: count.meta({
            description: 'Those created in `keyword_periods.current`; `keyword`, `created_from`, `created_to`',
          }),
          before: count.meta({
            description: 'Those created in `keyword_periods.before`; `keyword`, `created_from`, `created_to`',
          }),
          growth: z
            .number()
            .nullable()
            .meta({ description: '(`current` − `before`) / `before`; null when there was none before' }),
        }),
      )
      .meta({
        description: `The ${KEYWORDS_MAX} keywords with the most tickets, then by alphabet. Keywords are the words that classification matched, each once per ticket.`,
      }),
    keyword_periods: z.object({ current: period, before: period }).meta({
      description:
        'What growth compares: the range and the one of equal length before it; without a range 30 days (UTC), today the last of them, and the 30 before.',
    }),
    at_risk_customers: z.array(Customer).meta({
      description: `The ${CUSTOMERS_MAX} customers with the most points, then by \`customer_id\`; nobody without a point. As things are now, whatever the range. Unresolved: live, and open or pending.`,
    }),
    busiest_sources: z
      .array(z.object({ source: z.string(), count: count.meta({ description: drill('`source`') }) }))
      .meta({ description: `The ${SOURCES_MAX} sources with the most ${COUNTED}, then by alphabet` }),
  })
  .meta({ id: 'TicketStats' })

export type About = {
  tenantId: string
  now: Date
  range: { from: string | null; to: string | null }
  growth: { current: { from: number; to: number }; before: { from: number; to: number } }
}

const iso = (time: string | number) => new Date(time).toISOString()
const share = (part: number, whole: number) => (whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000)

export function presentStats(stats: Stats, { tenantId, now, range, growth }: About): z.output<typeof StatsView> {
  const { tickets, open, pending, closed, high, medium, low, negative, neutral, positive, requires_action } =
    stats.totals
  const bounds = ({ from, to, count }: TrendRow) => ({ from: iso(from), to: iso(to), count })
  const shown = ({ from, to }: { from: number; to: number }) => ({ from: iso(from), to: iso(to) })
  return {
    tenant_id: tenantId,
    generated_at: now.toISOString(),
    time_zone: stats.time_zone,
    range,
    total_tickets: tickets,
    by_status: { open, pending, closed },
    by_urgency: { high, medium, low },
    by_sentiment: { negative, neutral, positive },
    urgency_high_ratio: share(high, tickets),
    negative_sentiment_ratio: share(negative, tickets),
    requires_action,
    hourly_trend: stats.hours.map((row) => ({ hour: withOffset(row), ...bounds(row) })),
    daily_trend: stats.days.map((row) => ({ day: row.clock.slice(0, 10), ...bounds(row) })),
    top_keywords: stats.keywords.map(({ keyword, count, current, before }) => ({
      ...{ keyword, count, current, before },
      growth: before === 0 ? null : Math.round(((current - before) / before) * 10_000) / 10_000,
    })),
    keyword_periods: { current: shown(growth.current), before: shown(growth.before) },
    at_risk_customers: stats.customers.map((customer) => ({
      customer_id: customer.customer_id,
      points: customer.points,
      reasons: riskReasons(customer),
      unresolved_high: customer.unresolved_high,
      unresolved_negative: customer.unresolved_negative,
      tickets_last_30_days: customer.recent,
      tickets_30_days_before: customer.earlier,
    })),
    busiest_sources: stats.sources,
  }
}

/** Local time with its distance from UTC, which tells the two hours apart that a clock shows twice. */
function withOffset({ clock, starts_at }: TrendRow): string {
  const minutes = Math.round((Date.parse(`${clock}Z`) - Date.parse(starts_at)) / 60_000)
  const digits = (value: number) => String(value).padStart(2, '0')
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60]
  return `${clock}${minutes < 0 ? '-' : '+'}${digits(hours)}:${digits(rest)}`
}
