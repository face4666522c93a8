import { z } from 'zod'
import { CLOCK_TARGETS } from '../../../core/clocks/index.ts'
import { EFFECTS, type Effect, EXAMINED_MAX, type Preview } from './preview-policy.ts'

const deadline = z.iso.datetime().nullable()

export const PreviewView = z
  .object({
    open_tickets: z.int(),
    examined_tickets: z.int().meta({
      description: `At most ${EXAMINED_MAX}: those whose deadlines are nearest. All counts below are of these`,
    }),
    is_complete: z.boolean().meta({ description: 'Whether all open tickets were examined' }),
    changed_tickets: z.int(),
    breaching_tickets: z.int().meta({ description: 'Not late now, late at once when this is published' }),
    clocks: z.object({
      ...(Object.fromEntries(EFFECTS.map((effect) => [effect, z.int()])) as Record<Effect, z.ZodInt>),
      breaching: z.int(),
    }),
    first: z
      .array(
        z.object({
          ticket_id: z.string(),
          external_id: z.string().nullable(),
          ticket: z.string(),
          target: z.enum(CLOCK_TARGETS),
          effect: z.enum(EFFECTS),
          breaches_at_once: z.boolean(),
          deadline_before: deadline.meta({ description: 'Of a paused clock: if it went on now' }),
          deadline_after: deadline,
        }),
      )
      .meta({ description: 'The worst first: what would be late at once, then what comes earlier' }),
  })
  .meta({ id: 'SlaPolicyPreview' })

const instant = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString())

export const presentPreview = (preview: Preview): z.output<typeof PreviewView> => ({
  ...{ open_tickets: preview.openTickets, examined_tickets: preview.examinedTickets },
  is_complete: preview.examinedTickets === preview.openTickets,
  ...{ changed_tickets: preview.changedTickets, breaching_tickets: preview.breachingTickets },
  clocks: { ...preview.effects, breaching: preview.breachingClocks },
  first: preview.first.map(({ subjectId, name, facts, target, effect, breachesAtOnce, dueBeforeMs, dueAfterMs }) => ({
    ...{ ticket_id: subjectId, external_id: typeof facts.external_id === 'string' ? facts.external_id : null },
    ...{ ticket: name, target, effect, breaches_at_once: breachesAtOnce },
    ...{ deadline_before: instant(dueBeforeMs), deadline_after: instant(dueAfterMs) },
  })),
})
