export { during } from './event-loop/during.ts'
export { watchEventLoop } from './event-loop/watch-event-loop.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { endRequestSpan, inSpan, startRequestSpan, startTracing } from './tracing.ts'
