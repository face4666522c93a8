import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { subjectStateNow } from '../../../../core/clocks/index.ts'
import { moment } from '../../../../kernel/moment.ts'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { ASSIGNEE_CHARACTERS_MAX, GROUP_CHARACTERS_MAX, PRIORITIES, SLA_STATUSES, TIERS } from '../../tickets/index.ts'
import { OVERALL_STATES } from '../clock-view.ts'

/** How tickets are chosen by the desk, on screen and in files alike. */
export const DashboardQuery = {
  customer_tier: z.enum(TIERS).optional(),
  priority: z.enum(PRIORITIES).optional(),
  status: z.enum(SLA_STATUSES).optional(),
  sla_state: z.enum(OVERALL_STATES).optional().meta({ description: 'Of all clocks of a ticket together, now' }),
  group: z.string().min(1).max(GROUP_CHARACTERS_MAX).optional(),
  assignee: z.string().min(1).max(ASSIGNEE_CHARACTERS_MAX).optional(),
  due_before: moment.optional().meta({ description: 'Whose next deadline lies before' }),
}
export type DashboardFilter = z.output<z.ZodObject<typeof DashboardQuery>> & { tenant_id: TenantId }

/** Of tickets `t` and what their clocks say together, `s`. */
export const FROM = sql.raw(
  `clock_subjects as s join tickets as t on t.tenant_id = s.tenant_id and t.ticket_id = s.subject_id`,
)

/** What a ticket has to fulfil. States are instants, so each is asked for as one: right to the second, and by an index. */
export function conditions(filter: DashboardFilter): RawBuilder<unknown> {
  const { tenant_id, customer_tier, priority, status, sla_state, group, assignee, due_before } = filter
  return sql.join(
    [
      sql`s.tenant_id = ${tenant_id} and s.kind = 'ticket' and s.has_clocks`,
      // The planner does not know that both are the same tenant.
      sql`t.tenant_id = ${tenant_id} and t.deleted_at is null`,
      ...(customer_tier === undefined ? [] : [sql`t.tier = ${customer_tier}`]),
      ...(priority === undefined ? [] : [sql`t.priority = ${priority}`]),
      ...(status === undefined ? [] : [sql`t.sla_status = ${status}`]),
      ...(group === undefined ? [] : [sql`t.group_name = ${group}`]),
      ...(assignee === undefined ? [] : [sql`t.assignee = ${assignee}`]),
      ...(due_before === undefined ? [] : [sql`s.next_due_at < ${due_before}::timestamptz`]),
      ...(sla_state === undefined ? [] : [sql`${subjectStateNow('s')} = ${sla_state}`]),
      ...(sla_state === 'breached' ? [sql`s.breached_from <= statement_timestamp()`] : []),
    ],
    sql` and `,
  )
}
