import type { Tx } from '../../platform/database/index.ts'
import { hashOf, type Outcome } from './outcome.ts'
import { signToken } from './plan-token.ts'
import { type CheckedStep, riskOf, tryOut, type Who } from './run-steps.ts'
import { insertPlan } from './store.ts'

/** How long what was previewed may be applied. */
export const PLAN_MINUTES = 10

export const stepsHashOf = (steps: readonly CheckedStep[]): Buffer =>
  hashOf(steps.map(({ action, parameters }) => [action.name, parameters]))

export type Previewed = { outcome: Outcome; risk: string; token: string; expiresAt: Date }

/**
 * What would happen, and the token that lets exactly that happen once within ten minutes.
 *
 * @throws what applying would throw
 */
export async function previewPlan(
  tx: Tx,
  { secret, ...who }: Who & { secret: string },
  steps: readonly CheckedStep[],
): Promise<Previewed> {
  const outcome = await tryOut(tx, who, steps)
  const [stepsHash, fingerprint] = [stepsHashOf(steps), hashOf(outcome)]
  const plan = await insertPlan(tx, {
    ...{ actor: who.actor, steps_hash: stepsHash, fingerprint, outcome, minutes: PLAN_MINUTES },
  })
  const token = signToken(secret, plan.plan_id, { ...who, stepsHash, fingerprint, expiresAt: plan.expires_at })
  return { outcome, risk: riskOf(steps), token, expiresAt: plan.expires_at }
}
