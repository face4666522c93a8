import type { Tx } from '../../platform/database/index.ts'
import { recordAudit } from '../audit/index.ts'
import { actionFault } from './faults.ts'
import { differenceOf, hashOf, type Outcome } from './outcome.ts'
import { isSigned, readToken } from './plan-token.ts'
import { stepsHashOf } from './preview.ts'
import { type CheckedStep, riskOf, runSteps, type Who } from './run-steps.ts'
import { insertReceipt, lockPlan, type PlanRow, type ReceiptRow } from './store.ts'

export type Applying = Who & {
  secret: string
  requestId: string
  onBehalfOf?: string | undefined
  token?: string | undefined
  /** An assistant does it, for whoever it talks with. */
  byAssistant?: boolean
}

/** What undoing needs to know of the step that does it. */
export const UNDO = 'action.undo'

export type Applied = Pick<ReceiptRow, 'receipt_id' | 'outcome'>

/**
 * Makes the change in `tx`: all steps or, when it throws, none. With a token only what was previewed; without one only what
 * is safe.
 *
 * @throws actions.confirmation_needed, actions.not_for_assistants, actions.token_invalid, actions.token_expired,
 * actions.token_used, actions.plan_differs, actions.state_changed, and what the changes throw
 */
export async function applyPlan(tx: Tx, applying: Applying, steps: readonly CheckedStep[]): Promise<Applied> {
  const risk = riskOf(steps)
  if (risk === 'never' && applying.byAssistant) {
    throw actionFault('actions.not_for_assistants', {
      public: 'An assistant may not do this for you. Do it yourself.',
      internal: 'an assistant asked for what only people do',
    })
  }
  const plan = applying.token === undefined ? undefined : await requirePlan(tx, applying, applying.token, steps)
  if (!plan && risk !== 'safe') {
    throw actionFault('actions.confirmation_needed', {
      public: 'Preview this first, and send the token of the preview when its consequences are what you want.',
      internal: 'a risky plan came without a token',
    })
  }
  const { receiptId, outcome, settled } = await runSteps(tx, applying, steps)
  if (plan) refuseChanged(plan, settled)
  const names = steps.map(({ action }) => action.name)
  const [undone] = steps.flatMap(({ action, parameters }) => (action.name === UNDO ? [parameters] : []))
  const times = steps.map(({ action }) => action.undoWithinMinutes ?? null)
  await insertReceipt(tx, {
    ...{ receipt_id: receiptId, plan_id: plan?.plan_id ?? null, risk, outcome, actions: [...new Set(names)] },
    ...{ actor: applying.actor, on_behalf_of: applying.onBehalfOf ?? null, request_id: applying.requestId },
    steps: steps.map(({ action, parameters }) => ({
      action: action.name,
      parameters: parameters as Record<string, unknown>,
    })),
    undoMinutes: times.includes(null) ? null : Math.min(...times.map(Number)),
    undoes: (undone as { receipt_id: string } | undefined)?.receipt_id ?? null,
  })
  for (const { action, subject } of outcome.steps) {
    const details = { receipt_id: receiptId, on_behalf_of: applying.onBehalfOf ?? null, request_id: applying.requestId }
    await recordAudit(tx, { tenantId: applying.tenantId, actor: applying.actor, action, subject, details })
  }
  return { receipt_id: receiptId, outcome }
}

async function requirePlan(tx: Tx, applying: Applying, token: string, steps: readonly CheckedStep[]): Promise<PlanRow> {
  const read = readToken(token)
  const plan = read ? await lockPlan(tx, read.planId) : undefined
  const isOurs =
    read &&
    plan &&
    isSigned(read, applying.secret, {
      ...{ tenantId: applying.tenantId, actor: applying.actor, stepsHash: plan.steps_hash },
      ...{ fingerprint: plan.fingerprint, expiresAt: plan.expires_at },
    })
  if (!plan || !isOurs) {
    throw actionFault('actions.token_invalid', {
      public: 'This is no token of a preview of yours in this tenant. Preview again.',
      internal: 'a token that is unknown, changed, or of somebody else',
    })
  }
  if (plan.used_at) {
    throw actionFault('actions.token_used', {
      public: 'This was applied before, and is not applied again. `receipt_id` says what came of it.',
      internal: 'a plan was to be applied twice',
      extensions: { receipt_id: plan.receipt_id },
    })
  }
  if (plan.is_over) {
    throw actionFault('actions.token_expired', {
      public: 'A preview holds for ten minutes, and this one is older. Preview again.',
      internal: 'an expired plan',
    })
  }
  if (!plan.steps_hash.equals(stepsHashOf(steps))) {
    throw actionFault('actions.plan_differs', {
      public: 'These are not the steps that were previewed with this token. Preview these.',
      internal: 'steps differ from the plan’s',
    })
  }
  return plan
}

/** Everything that was read or written is as it was, or nothing is done. */
function refuseChanged(plan: PlanRow, outcome: Outcome): void {
  if (plan.fingerprint.equals(hashOf(outcome))) return
  throw actionFault('actions.state_changed', {
    public: 'Something changed since the preview, so nothing was done. Look at `difference` and preview again.',
    internal: 'a plan met another state',
    extensions: { difference: differenceOf(plan.outcome, outcome) },
  })
}
