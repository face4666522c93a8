export { backoffSeconds, type RetryPolicy } from './retry.ts'
export { retryAfterSeconds } from './retry-after.ts'
