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
