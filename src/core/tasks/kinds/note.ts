import { z } from 'zod'
import { NOTE } from '../offer.ts'
import { defineTaskKind } from '../task-kind.ts'

/** A task that says only what it is about: it is read, and its result says so in a sentence. */
export const noteProcess = defineTaskKind<Record<string, never>>({
  name: NOTE,
  payload: z.strictObject({}),
  retry: { attemptsMax: 5, baseSeconds: 1, capSeconds: 60 },
  timeLimitSeconds: 60,
  offer: { about: 'A note: its title and description are read, and the result is a sentence about them.' },
  handle: async ({ taskId, title, description }) => ({
    message: `Task ${taskId} “${title ?? 'without a title'}” was processed.${description ? ` It says: ${description}` : ''}`,
  }),
})
