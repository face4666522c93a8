import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { during, endRequestSpan, startRequestSpan } from '../telemetry/index.ts'

const GIVEN_ID = /^[A-Za-z0-9_.:-]{8,128}$/

/** The caller's own `X-Request-Id` when it is harmless in a log line, or a new one. */
export function requestId(request: { headers: IncomingMessage['headers'] }): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && GIVEN_ID.test(given) ? given : randomUUID()
}

/** Told of every finished request, for metrics. */
export type OnAnswered = (answered: { method: string; route: string; status: number; seconds: number }) => void

/** Gives each request its id header and abort signal; logs and reports each answer. */
export function observeRequests(app: FastifyInstance, onAnswered?: OnAnswered): void {
  app.decorateRequest('caller', null)
  app.decorateRequest('gone')
  app.decorateRequest('span')
  app.addHook('onRequest', (request, reply, done) => {
    const controller = new AbortController()
    request.gone = controller.signal
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) controller.abort(new Error('the caller went away'))
    })
    reply.header('x-request-id', request.id)
    const route = request.routeOptions.url ?? '(none)'
    request.span = startRequestSpan(request.method, route, request.headers)
    during(`${request.method} ${route}`, done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? '(none)'
    const answered = {
      method: request.method,
      route,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1_000,
    }
    onAnswered?.(answered)
    endRequestSpan(request.span, reply.statusCode)
    request.log.info(
      {
        method: answered.method,
        route,
        status: answered.status,
        duration_ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(request.caller ? { caller: request.caller.id } : {}),
      },
      'answered',
    )
    done()
  })
}
