export { createMetrics, type Metrics } from './metrics.ts'
export { endRequestSpan, inSpan, startRequestSpan, startTracing } from './tracing.ts'
