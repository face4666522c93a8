import { sql } from 'kysely'
import { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { invalid } from '../../platform/http/index.ts'
import type { ActionContext, AnyAction, Risk, Step } from './action.ts'
import { RISKS } from './action.ts'
import { actionFault } from './faults.ts'
import { type Made, type Outcome, outcomeOf, settled } from './outcome.ts'
import { changesOf, countOne, recordFor, timesOf } from './store.ts'

/** Rows that one plan may write. */
export const ROWS_MAX = 2_000

/** All actions by name. */
export type Catalogue = ReadonlyMap<string, AnyAction>

export type CheckedStep = { action: AnyAction; parameters: unknown }

/**
 * The steps with their actions and checked parameters, defaults filled in. `field`: where the parameters of the only step stand.
 *
 * @throws actions.unknown, http.invalid
 */
export function checkSteps(catalogue: Catalogue, steps: readonly Step[], field?: string): CheckedStep[] {
  return steps.map(({ action: name, parameters }, at) => {
    const action = catalogue.get(name)
    if (!action) {
      throw actionFault('actions.unknown', {
        public: `There is no action ${name.slice(0, 100)}. \`GET /actions\` lists those that you may do.`,
        internal: 'no such action',
      })
    }
    const checked = z.safeParse(action.parameters, parameters)
    if (checked.success) return { action, parameters: checked.data }
    throw invalid(
      checked.error.issues.slice(0, 20).map(({ path, message }) => ({
        in: 'body',
        field: [field ?? `steps.${at}.parameters`, ...path].join('.'),
        message,
      })),
    )
  })
}

/** The riskiest of them. */
export const riskOf = (steps: readonly CheckedStep[]): Risk =>
  steps.reduce<Risk>(
    (most, { action }) => (RISKS.indexOf(action.risk) > RISKS.indexOf(most) ? action.risk : most),
    'safe',
  )

/** What came of it, as it is and as it is whenever it is done on this state. */
export type Ran = { receiptId: string; outcome: Outcome; settled: Outcome }

export type Who = { tenantId: TenantId; actor: string }

/**
 * Runs all steps, and says what came of them. Whoever calls decides whether it stays. Rows are recorded for `receiptId`, and for
 * none afterwards.
 *
 * @throws what the changes throw, actions.limit_reached, actions.too_large
 */
export async function runSteps(tx: Tx, { tenantId, actor }: Who, steps: readonly CheckedStep[]): Promise<Ran> {
  const { receiptId, now, zone, times } = await timesOf(tx)
  const context: ActionContext = { tenantId, actor, now, zone }
  await recordFor(tx, receiptId)
  const made: Made[] = []
  for (const { action, parameters } of steps) {
    if (action.limitPerDay !== undefined) await keepLimit(tx, context, action.name, action.limitPerDay)
    made.push({ action: action.name, change: await action.change(tx, context, parameters as never) })
  }
  const rows = await changesOf(tx, receiptId, ROWS_MAX + 1)
  await recordFor(tx, '')
  if (rows.length > ROWS_MAX) {
    throw actionFault('actions.too_large', {
      public: `This would write more than ${ROWS_MAX} rows at once. Do it in smaller parts.`,
      internal: 'a plan writes too many rows',
    })
  }
  const outcome = outcomeOf(made, rows)
  return { receiptId, outcome, settled: settled(outcome, times) }
}

async function keepLimit(tx: Tx, { actor, zone }: ActionContext, action: string, limit: number): Promise<void> {
  if (await countOne(tx, { actor, action, zone, limit })) return
  throw actionFault('actions.limit_reached', {
    public: `You may do ${action} ${limit} times a day, and have. Go on tomorrow, or ask somebody else to do it.`,
    internal: `${actor} reached the limit of ${action}`,
  })
}

/** Runs all steps and takes everything back but what came of it. */
export async function tryOut(tx: Tx, who: Who, steps: readonly CheckedStep[]): Promise<Outcome> {
  await sql`savepoint tried_out`.execute(tx)
  const ran = await runSteps(tx, who, steps)
  await sql`rollback to savepoint tried_out`.execute(tx)
  return ran.settled
}
