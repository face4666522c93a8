import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import { recordAudit } from '../audit/index.ts'
import { alreadyResolved, signalNotFound } from './faults.ts'
import type { RaisedSignal, Signal } from './signal.ts'
import { TRANSITIONS, type Transition } from './state.ts'
import { changeState, findSignal, OPERATOR_SIGNALS, SIGNALS, snooze } from './store.ts'

/** Who does it, to which signal. */
export type Handling = { tenantId: TenantId; signalId: string; by: string }

/**
 * Acknowledges or resolves a signal. Who is not the first gets it as the first left it: a repeated call changes nothing.
 *
 * @throws signals.not_found, signals.already_resolved
 */
export async function handleSignal(tx: Tx, transition: Transition, handling: Handling): Promise<Signal> {
  const { tenantId, signalId, by } = handling
  const changed = await changeState(SIGNALS, tx, { signalId, transition, by })
  if (!changed) return asItStands(await findSignal(SIGNALS, tx, signalId), transition)
  const subject = `signal:${signalId}`
  await recordAudit(tx, {
    tenantId,
    actor: by,
    action: `signal.${transition}`,
    subject,
    details: { kind: changed.kind },
  })
  return changed
}

/** The same for a signal of the operators. No tenant's log tells of it: the signal itself says by whom. */
export async function handleOperatorSignal(
  tx: SystemTx,
  transition: Transition,
  { signalId, by }: Omit<Handling, 'tenantId'>,
): Promise<RaisedSignal> {
  const changed = await changeState(OPERATOR_SIGNALS, tx, { signalId, transition, by })
  return changed ?? asItStands(await findSignal(OPERATOR_SIGNALS, tx, signalId), transition)
}

/**
 * Keeps a signal out of the list of what is open until a moment; null shows it again.
 *
 * @throws signals.not_found, signals.already_resolved
 */
export async function snoozeSignal(tx: Tx, until: Date | null, handling: Handling): Promise<Signal> {
  const { tenantId, signalId, by } = handling
  const changed = await snooze(tx, signalId, until)
  if (!changed) {
    const found = await findSignal(SIGNALS, tx, signalId)
    if (found?.state === 'resolved') throw alreadyResolved('snooze')
    if (!found) throw signalNotFound()
    return found
  }
  const details = { kind: changed.kind, until: until?.toISOString() ?? null }
  await recordAudit(tx, { tenantId, actor: by, action: 'signal.snooze', subject: `signal:${signalId}`, details })
  return changed
}

/** A signal that a transition does not lead from: there already, or past it. */
function asItStands<Row extends RaisedSignal>(found: Row | undefined, transition: Transition): Row {
  if (!found) throw signalNotFound()
  if (found.state !== TRANSITIONS[transition].to) throw alreadyResolved(transition)
  return found
}
