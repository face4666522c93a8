import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { refuseMalformed } from './refuse-malformed.ts'

/** An upload may take that long; Node's own limit, as it knows nothing of routes. */
export const UPLOAD_TIMEOUT_MS = 3_600_000

/** Ends requests that have not arrived completely in time: otherwise many slow senders hold all connections. */
export function limitArrival(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onRequest', (request, _reply, done) => {
    if (hasBody(request.raw) && !request.routeOptions.config.declared?.upload) {
      const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
      // What has arrived may take as long as it does to answer: streams go on for hours.
      const timer = setTimeout(() => {
        if (!request.raw.complete) refuseMalformed(late, request.raw.socket)
      }, timeoutMs)
      request.raw.once('close', () => clearTimeout(timer))
    }
    done()
  })
}

/** Headers are complete by then, and limited by Node itself. */
const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
