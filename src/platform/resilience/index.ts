export { type OutboundBudget, outboundBudget } from './outbound-budget.ts'
export { backoffSeconds, type RetryPolicy } from './retry.ts'
export { retryAfterSeconds } from './retry-after.ts'

export const resilienceMigrations = {
  module: 'platform/resilience',
  directory: new URL('./migrations/', import.meta.url),
}
