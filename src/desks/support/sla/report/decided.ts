import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { moment } from '../../../../kernel/moment.ts'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { ASSIGNEE_CHARACTERS_MAX, GROUP_CHARACTERS_MAX, PRIORITIES, TIERS } from '../../tickets/index.ts'

export const SLA_TYPES = ['response', 'next_response', 'resolution'] as const
type SlaType = (typeof SLA_TYPES)[number]
const TARGET_OF = { response: 'first_response', next_response: 'next_response', resolution: 'resolution' } as const

export const OUTCOMES = ['met', 'missed'] as const

/** Longer is not one report but an archive. */
export const REPORT_DAYS_MAX = 366
const DAYS_DEFAULT = 30

/** Which decided clocks a report is about; the same for its numbers, the rows behind them and its file. */
export const ReportQuery = {
  from: moment.optional().meta({ description: `Decided at or after; ${DAYS_DEFAULT} days before \`to\` without it` }),
  to: moment.optional().meta({ description: 'Decided before; now without it' }),
  sla_type: z.enum(SLA_TYPES).optional(),
  customer_tier: z.enum(TIERS).optional(),
  priority: z.enum(PRIORITIES).optional(),
  group: z.string().min(1).max(GROUP_CHARACTERS_MAX).optional(),
  assignee: z.string().min(1).max(ASSIGNEE_CHARACTERS_MAX).optional(),
}
type Asked = z.output<z.ZodObject<typeof ReportQuery>>
export type ReportFilter = Omit<Asked, 'from' | 'to'> & {
  tenant_id: TenantId
  from: string
  to: string
  outcome?: (typeof OUTCOMES)[number] | undefined
}

/** The range that is meant, or what is wrong with it. */
export function readRange({ from, to }: Pick<Asked, 'from' | 'to'>, now: Date): { from: string; to: string } | string {
  const until = to ?? now.toISOString()
  const since = from ?? new Date(Date.parse(until) - DAYS_DEFAULT * 86_400_000).toISOString()
  if (since >= until) return 'must be later than from'
  const days = (Date.parse(until) - Date.parse(since)) / 86_400_000
  return days > REPORT_DAYS_MAX ? `must be at most ${REPORT_DAYS_MAX} days after from` : { from: since, to: until }
}

const IS_LATE = sql.raw(`c.ended_at is null and clock_state(c.state, c.due_at, statement_timestamp()) = 'breached'`)

/**
 * Clocks that were decided in the range: met when they ended in time, missed when their deadline passed. So each counts once, in the
 * period in which it was decided, and what happens to it later, like an answer that comes late, changes no past period. Each part has its
 * own index.
 */
export const decidedClocks = (filter: ReportFilter): RawBuilder<unknown> => {
  const { tenant_id, from, to } = filter
  const of = sql`c.tenant_id = ${tenant_id} and c.kind = 'ticket'`
  const within = (at: RawBuilder<unknown>) => sql`${at} >= ${from}::timestamptz and ${at} < ${to}::timestamptz`
  const ended = sql.raw('c.ended_at')
  const breached = sql.raw('coalesce(c.breached_at, c.due_at)')
  return sql`
    select c.*, t.ticket_id, t.external_id, t.subject, t.priority, t.tier, t.group_name, t.assignee
    from (
      select c.*, c.ended_at as decided_at, 'met' as outcome from clocks as c
      where ${of} and c.state = 'met' and ${within(ended)}
      union all
      select c.*, c.breached_at, 'missed' from clocks as c
      where ${of} and c.ended_at >= ${from}::timestamptz and c.breached_at is not null and c.state <> 'met' and ${within(sql.raw('c.breached_at'))}
      union all
      select c.*, ${breached}, 'missed' from clock_subjects as s join clocks as c using (tenant_id, kind, subject_id)
      where ${of} and s.tenant_id = ${tenant_id} and s.kind = 'ticket' and s.breached_from < ${to}::timestamptz and ${IS_LATE} and ${within(breached)}
    ) as c join tickets as t on t.tenant_id = c.tenant_id and t.ticket_id = c.subject_id
    where t.tenant_id = ${tenant_id} and ${chosen(filter)}`
}

function chosen({ sla_type, customer_tier, priority, group, assignee, outcome }: ReportFilter): RawBuilder<unknown> {
  return sql.join(
    [
      sql`true`,
      ...(sla_type === undefined ? [] : [sql`c.target = ${TARGET_OF[sla_type]}`]),
      ...(customer_tier === undefined ? [] : [sql`t.tier = ${customer_tier}`]),
      ...(priority === undefined ? [] : [sql`t.priority = ${priority}`]),
      ...(group === undefined ? [] : [sql`t.group_name = ${group}`]),
      ...(assignee === undefined ? [] : [sql`t.assignee = ${assignee}`]),
      ...(outcome === undefined ? [] : [sql`c.outcome = ${outcome}`]),
    ],
    sql` and `,
  )
}

export const typeOf = (target: string): SlaType => SLA_TYPES.find((type) => TARGET_OF[type] === target) ?? 'resolution'
