import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { abortable } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import { during } from './event-loop/during.ts'

const FLUSH_WITHIN_MS = 3_000

const tracer = () => trace.getTracer('signalbox')

/**
 * Sends traces to an OTLP collector. The SDK is loaded only here, so that a process without a collector does not carry
 * it. Without this call every span below is a no-op.
 */
export async function startTracing(options: {
  endpoint: string
  version: string
  logger: Logger
}): Promise<{ stop(): Promise<void> }> {
  const [{ BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const exporter = new OTLPTraceExporter({ url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces` })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'signalbox', 'service.version': options.version }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  })
  provider.register()
  return {
    stop: async () => {
      try {
        await abortable(provider.shutdown(), AbortSignal.timeout(FLUSH_WITHIN_MS))
      } catch (err) {
        // Traces are worth a short wait, not a failed stop.
        options.logger.warn({ err, component: 'tracing' }, 'the last traces did not reach the collector')
      }
    },
  }
}

/** The span of one request, a child of the caller's when it sent a `traceparent`. */
export function startRequestSpan(method: string, route: string, headers: Record<string, unknown>): Span {
  const parent = propagation.extract(context.active(), headers)
  return tracer().startSpan(
    `${method} ${route}`,
    { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'http.route': route } },
    parent,
  )
}

export function endRequestSpan(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

/** Runs `work` in a span of its own, and under its name; an error marks the span and goes on. */
export async function inSpan<T>(
  name: string,
  attributes: Record<string, string | number>,
  work: () => Promise<T>,
): Promise<T> {
  return tracer().startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await during(name, work)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}
