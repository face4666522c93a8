export { type Allowance, type Allowances, openAllowances } from './allowances.ts'
export {
  type Admission,
  type CallOutcome,
  type CircuitState,
  type CircuitStatus,
  OPEN_SECONDS,
  type Permit,
  type Transition,
} from './circuit.ts'
export { type CircuitBreaker, CircuitOpen, circuitBreaker } from './circuit-breaker.ts'
export { type OutboundBudget, outboundBudget } from './outbound-budget.ts'
export {
  type AttemptFailure,
  backoffSeconds,
  type DeliveryPolicy,
  givesUp,
  type NextAttempt,
  nextAttempt,
  type RetryPolicy,
} from './retry.ts'
export { retryAfterSeconds } from './retry-after.ts'

import type { RetentionByTable } from '../upkeep/index.ts'

export const resilienceMigrations = {
  module: 'platform/resilience',
  directory: new URL('./migrations/', import.meta.url),
}

export const resilienceRetention: RetentionByTable = {
  'platform.outbound_budgets': {
    becomes: 'removed',
    what: 'budgets of calls that nobody has used',
    why: 'The longest window is a day: what is older says what a missing row says.',
    days: 2,
    since: 'greatest(granted[cardinality(granted)], paused_until)',
    scope: { of: 'all', key: ['connection'] },
  },
  'platform.allowances': {
    becomes: 'removed',
    what: 'allowances that are whole again',
    why: 'They say what a missing row says.',
    days: 0,
    since: 'used_until',
    scope: { of: 'all', key: ['name'] },
  },
  'platform.circuits': {
    becomes: 'removed by',
    step: 'platform.circuits',
    what: 'circuits of channels that are gone',
    why: 'While a channel is there, its circuit says how it does.',
  },
}
