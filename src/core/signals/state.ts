/**
 * The life of a signal.
 *
 *   open ──acknowledge──▶ acknowledged ──resolve──▶ resolved
 *     └────────────────────resolve──────────────────▶
 *
 * Nothing leaves `resolved`: when the cause is back, there is a new signal.
 */
export const SIGNAL_STATES = ['open', 'acknowledged', 'resolved'] as const
export type SignalState = (typeof SIGNAL_STATES)[number]

/** What people do to a signal, and from which states it can be done. The statements that do it read this table. */
export const TRANSITIONS = {
  acknowledge: { from: ['open'], to: 'acknowledged' },
  resolve: { from: ['open', 'acknowledged'], to: 'resolved' },
} as const satisfies Record<string, { from: readonly SignalState[]; to: SignalState }>
export type Transition = keyof typeof TRANSITIONS

/** Of these there is one for each cause, and these can be put off. */
export const UNRESOLVED: readonly SignalState[] = ['open', 'acknowledged']
