import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { LINGER_MS } from './end-connection.ts'
import { refuseMalformed } from './refuse-malformed.ts'

/** An upload may take that long; Node's own limit, as it knows nothing of routes. */
export const UPLOAD_TIMEOUT_MS = 3_600_000

export type ArrivalLimits = {
  /** Within this time a request has to arrive completely; uploads excepted. */
  requestTimeoutMs: number
  /** Of an upload so many bytes have to arrive within each such time. */
  uploadBytesLeast: number
}
export const ARRIVAL_LIMITS: ArrivalLimits = { requestTimeoutMs: 60_000, uploadBytesLeast: 65_536 }

/**
 * Ends requests that do not arrive in time, and those whose answer has left while they were still arriving: otherwise
 * slow senders, refused or not, hold all connections.
 */
export function limitArrival(app: FastifyInstance, limits: ArrivalLimits): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request.raw)) {
      const stop = request.routeOptions.config.declared?.upload
        ? watchUpload(request, limits)
        : watchBody(request, limits)
      request.raw.once('close', stop)
      // A request that is answered before it is there may never be closed, and its timer would keep the process.
      reply.raw.once('close', stop)
    }
    done()
  })
  // Whoever was refused may end what they were sending, or not. A request that came over no network is never complete.
  app.addHook('onResponse', async ({ raw }) => {
    if (raw.complete !== false) return
    const end = () => {
      if (!raw.complete) raw.socket.destroy()
    }
    // Its end is no event that could be waited for: a connection sees many such requests.
    setTimeout(end, LINGER_MS).unref()
  })
}

/** What has arrived may take as long as it does to answer: streams go on for hours. What came over no network never arrives. */
function watchBody({ raw }: FastifyRequest, { requestTimeoutMs }: ArrivalLimits): () => void {
  const timer = setTimeout(() => {
    if (raw.complete === false) refuseMalformed(late(), raw.socket)
  }, requestTimeoutMs)
  return () => clearTimeout(timer)
}

function watchUpload({ raw }: FastifyRequest, { requestTimeoutMs, uploadBytesLeast }: ArrivalLimits): () => void {
  let before = raw.socket.bytesRead
  const timer = setInterval(() => {
    if (raw.complete) return
    const arrived = raw.socket.bytesRead - before
    before = raw.socket.bytesRead
    // What waits to be read waits for us.
    if (arrived < uploadBytesLeast && raw.readableLength === 0) refuseMalformed(late(), raw.socket)
  }, requestTimeoutMs)
  return () => clearInterval(timer)
}

const late = () => Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })

/** Headers are complete by then, and limited by Node itself. */
const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
