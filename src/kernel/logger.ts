import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'

export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: Record<string, unknown>): Logger
}

/**
 * The only fields a log line may carry. A field that is not here is dropped and named in `dropped_fields`, so that a
 * secret, a ticket text or a header cannot reach the log by being passed along in an object.
 */
const ALLOWED_FIELDS = new Set([
  'request_id',
  'trace_id',
  'span_id',
  'tenant_id',
  'task_id',
  'task_kind',
  'attempt',
  'fencing',
  'status',
  'method',
  'route',
  'duration_ms',
  'cpu_ms',
  'during',
  'frames',
  'caller',
  'code',
  'err',
  'component',
  'count',
  'page',
  'pages',
  'delay_ms',
  'signal',
  'port',
  'host',
  'address',
  'migration',
  'role',
  'pid',
  'database',
  'queue',
  'reason',
  'circuit',
  'from',
  'to',
  'channel_id',
  'delivery_id',
  'why',
])

function allowListed(fields: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  const dropped: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (ALLOWED_FIELDS.has(name)) kept[name] = value
    else dropped.push(name)
  }
  if (dropped.length > 0) kept.dropped_fields = dropped
  return kept
}

/** An error's type, message, stack and code; never its other properties, which may hold a query or a request body. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return stdSerializers.err(error as Error)
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.cause instanceof Error ? { cause: serializeError(error.cause) } : {}),
  }
}

/** A JSON logger on standard output, or on `destination` when a test wants to read the lines. */
export function createLogger(options: { level: string; destination?: { write(line: string): void } }): Logger {
  const root = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: allowListed },
      serializers: { err: serializeError },
    },
    options.destination ?? pino.destination({ dest: 1, sync: false }),
  )
  // pino formats what is logged but not what a child is made with, and a child inherits its parent's own properties.
  const makeChild = root.child as (this: Logger, bindings: Record<string, unknown>, options?: object) => Logger
  const guarded = (logger: Logger): Logger =>
    Object.assign(logger, {
      child: (bindings: Record<string, unknown>, childOptions?: object) =>
        guarded(makeChild.call(logger, allowListed(bindings), childOptions)),
    })
  return guarded(root)
}
