import type { Logger } from '../../kernel/logger.ts'
import { type Repetition, repeat } from '../../kernel/repeat.ts'
import type { Database } from '../database/index.ts'
import { during, type Metrics } from '../telemetry/index.ts'
import { type Figures, recordUpkeep } from './record-upkeep.ts'
import type { UpkeepStep } from './step.ts'
import { readSteps, type StepLease, settleStep, takeStep } from './step-store.ts'

/** How often a process looks whether a step is due: one small statement. */
const LOOK_EVERY_SECONDS = 30
/** How long a round of a step may take. What is left then waits: others want the database too. */
const ROUND_SECONDS = 60
/** The longest statement comes on top of the round, and some more: then its process has died. */
const LEASE_SECONDS = ROUND_SECONDS + 60
/** After a round that was not enough. */
const GO_ON_AFTER_SECONDS = 60
const EVERY_SECONDS = 3_600
/** A step that failed is tried again before its next turn: most failures pass. */
const AFTER_FAILURE_SECONDS = 300

export type Upkeep = {
  database: Database
  logger: Logger
  metrics: Metrics
  /** Names this process among all that run. */
  processId: string
  steps: readonly UpkeepStep[]
  roundSeconds?: number
}

/**
 * Does what is due, one step after the other, until stopped. Of all processes one at a time does a step, and another one
 * takes it up when that one dies. Any number may run this; they share the turns.
 */
export function startUpkeep(upkeep: Upkeep): Repetition {
  const names = upkeep.steps.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new Error(`two steps of the upkeep are named ${twice}`)
  const record = recordUpkeep(upkeep.metrics, names)
  return repeat({
    everySeconds: LOOK_EVERY_SECONDS,
    work: async (signal) => {
      const known = new Map((await readSteps(upkeep.database)).map((state) => [state.name, state]))
      for (const step of upkeep.steps) {
        if (signal.aborted) break
        const state = known.get(step.name)
        if (state?.succeeded_seconds) record.succeededAt(step.name, state.succeeded_seconds)
        if (state === undefined || state.is_due) await takeTurn(upkeep, record, step, signal)
      }
      return undefined
    },
    onError: (err) => upkeep.logger.warn({ err, component: 'upkeep' }, 'could not look whether upkeep is due'),
  })
}

/** Does a step unless another process has it. What it throws is told and counted, and nobody else's trouble. */
async function takeTurn(upkeep: Upkeep, record: Figures, step: UpkeepStep, signal: AbortSignal): Promise<void> {
  const { database, logger, processId: owner, roundSeconds = ROUND_SECONDS } = upkeep
  const { name, everySeconds = EVERY_SECONDS } = step
  const startedAt = performance.now()
  const fail = (err: unknown) => {
    logger.warn({ err, component: 'upkeep', schedule: name }, 'a step of the upkeep failed; the others go on')
    record.failed(name)
  }
  const work = async (lease: StepLease) => {
    const timeIsUp = AbortSignal.any([signal, AbortSignal.timeout(roundSeconds * 1_000)])
    const round = await during(`upkeep ${name}`, () => step.run(timeIsUp))
    record.ended(name, { ...round, seconds: (performance.now() - startedAt) / 1_000 })
    if (round.rows > 0)
      logger.info({ component: 'upkeep', schedule: name, count: round.rows }, 'upkeep has ended a round')
    if (round.isDone) return settleStep(database, lease, { ending: 'done', againSeconds: everySeconds })
    const againSeconds = signal.aborted ? 0 : Math.min(GO_ON_AFTER_SECONDS, everySeconds)
    return settleStep(database, lease, { ending: 'unfinished', againSeconds })
  }
  try {
    const lease = await takeStep(database, { name, owner, leaseSeconds: LEASE_SECONDS })
    if (!lease) return
    await work(lease).catch(async (err) => {
      fail(err)
      const againSeconds = Math.min(AFTER_FAILURE_SECONDS, everySeconds)
      await settleStep(database, lease, { ending: 'failed', againSeconds })
    })
  } catch (err) {
    // The step is due again when its lease has expired.
    fail(err)
  }
}
