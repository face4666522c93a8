export { type Allowance, type Allowances, forgetAllowances, openAllowances } from './allowances.ts'
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

export const resilienceMigrations = {
  module: 'platform/resilience',
  directory: new URL('./migrations/', import.meta.url),
}
