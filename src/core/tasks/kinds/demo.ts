import { z } from 'zod'
import { sleep } from '../../../kernel/abort.ts'
import { taskFault } from '../faults.ts'
import { PermanentFailure } from '../outcome.ts'
import { defineTaskKind } from '../task-kind.ts'

const RETRY = { attemptsMax: 5, baseSeconds: 1, capSeconds: 60 }
const seconds = z.number().min(0).max(3_600)

/** Waits. For trying out what running, cancelling and losing a worker look like. */
export const demoSleep = defineTaskKind<{ seconds: number }>({
  name: 'demo.sleep',
  payload: z.strictObject({ seconds }),
  retry: RETRY,
  timeLimitSeconds: 3_660,
  offer: { about: 'Waits for so many seconds.' },
  handle: async ({ payload, signal }) => {
    await sleep(payload.seconds * 1_000, signal)
    return { slept_seconds: payload.seconds }
  },
})

/** Fails, for good or so many times. */
export const demoFail = defineTaskKind<{ times: number; message: string; permanent: boolean }>({
  name: 'demo.fail',
  payload: z.strictObject({
    times: z.int().min(1).max(100).default(100).meta({ description: 'Attempts that fail before one succeeds' }),
    message: z.string().min(1).max(200).default('This task fails because it was asked to.'),
    permanent: z.boolean().default(false).meta({ description: 'The first failure is the last' }),
  }),
  retry: RETRY,
  timeLimitSeconds: 60,
  offer: { about: 'Fails so many times before it succeeds, or for good.' },
  handle: async ({ payload: { times, message, permanent }, attempt }) => {
    if (permanent) throw new PermanentFailure({ code: 'tasks.failed_as_asked', message })
    if (attempt > times) return { failed_times: times }
    throw taskFault('tasks.failed_as_asked', { public: message, internal: 'a demo task that fails' })
  },
})

type Steps = { steps: number; milliseconds: number }

/** Goes on step by step, with progress and lines in its log; the next attempt goes on where the last one stopped. */
export const demoProgress = defineTaskKind<Steps, { done: number; total: number }>({
  name: 'demo.progress',
  payload: z.strictObject({
    steps: z.int().min(1).max(10_000).default(10),
    milliseconds: z.int().min(0).max(60_000).default(500).meta({ description: 'Of each step' }),
  }),
  retry: RETRY,
  timeLimitSeconds: 24 * 3_600,
  offer: { about: 'Goes on step by step and tells of each.' },
  handle: async ({ payload: { steps, milliseconds }, progress, signal, write, say }) => {
    for (let done = progress.done ?? 0; done < steps; done += 1) {
      await sleep(milliseconds, signal)
      await say(`Step ${done + 1} of ${steps} is done.`)
      await write(async () => ({ done: done + 1, total: steps }))
    }
    return { steps }
  },
})
