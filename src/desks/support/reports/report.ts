import { z } from 'zod'
import { SEVERITIES, SIGNAL_STATES } from '../../../core/signals/index.ts'
import { TASK_STATUSES } from '../../../core/tasks/index.ts'
import { moment } from '../../../kernel/moment.ts'
import { EXPORT_FORMATS, TicketFilterQuery } from '../tickets/index.ts'

const format = z.enum(EXPORT_FORMATS).default('csv')
const kinds = z.array(z.string().min(1).max(100)).min(1).max(20).optional()

/** What a report is of, and which of those. */
export const ReportPayload = z.discriminatedUnion('subject', [
  z.strictObject({ subject: z.literal('tickets'), format, filter: z.strictObject(TicketFilterQuery).default({}) }),
  z.strictObject({
    subject: z.literal('tasks'),
    format,
    filter: z
      .strictObject({
        status: z.array(z.enum(TASK_STATUSES)).min(1).max(6).optional(),
        kind: kinds,
        created_after: moment.optional(),
        created_before: moment.optional(),
      })
      .default({}),
  }),
  z.strictObject({
    subject: z.literal('signals'),
    format,
    filter: z
      .strictObject({
        state: z.array(z.enum(SIGNAL_STATES)).min(1).max(3).optional(),
        kind: z.string().min(1).max(100).optional(),
        minimum_severity: z.enum(SEVERITIES).optional(),
      })
      .default({}),
  }),
])
export type ReportPayload = z.output<typeof ReportPayload>

/** Who reads a report reads what it is of. */
export const PERMISSION_OF = {
  tickets: 'ticket.read',
  tasks: 'task.read',
  signals: 'signal.read',
} as const satisfies Record<ReportPayload['subject'], string>

export const KEPT_DAYS = 7
