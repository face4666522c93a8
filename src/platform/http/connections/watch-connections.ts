import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Fault } from '../../../kernel/faults.ts'
import { rawProblem } from '../end-connection.ts'
import { httpFault } from '../faults.ts'
import { type ConnectionCaps, type ConnectionCount, countConnections } from './count-connections.ts'
import { limitUnderWay } from './limit-under-way.ts'

declare module 'fastify' {
  interface FastifyInstance {
    connections: Connections
  }
}

export type ConnectionLimits = ConnectionCaps & {
  /** Who takes nothing of what waits for them for so long is let go. */
  stalledMs: number
  /** What is still open so long after the server began to close is cut off. */
  closeWithinMs: number
}
export const CONNECTION_LIMITS: ConnectionLimits = {
  max: 5_000,
  perAddress: 1_000,
  stalledMs: 30_000,
  closeWithinMs: 8_000,
}

export type Connections = {
  /** Open now. */
  open(): number
  /** Not let in, since the start. */
  refused(): number
}

/**
 * Every connection has a place, and an end: it is counted when it comes, let go when nobody takes what was written to it,
 * and cut off when the server closes and it does not end by itself. Behind proxies all connections are theirs, so there the
 * requests under way are counted by address instead.
 */
export function watchConnections(
  app: FastifyInstance,
  { trustedProxies, ...given }: Partial<ConnectionLimits> & { trustedProxies: number },
): void {
  const limits = { ...CONNECTION_LIMITS, ...given }
  const isBehindProxies = trustedProxies > 0
  const count = countConnections(isBehindProxies ? { ...limits, perAddress: limits.max } : limits)
  let refused = 0
  app.decorate('connections', { open: count.total, refused: () => refused })
  if (isBehindProxies) {
    limitUnderWay(app, limits.perAddress, () => {
      refused += 1
      return tooMany.perAddress()
    })
  }
  letIn(app, (socket) => {
    const beyond = count.admit(socket)
    if (beyond === null) return true
    refused += 1
    socket.on('error', () => {})
    socket.end(rawProblem(tooMany[beyond]()))
    socket.destroySoon()
    return false
  })
  followRequests(app, count)
  app.server.setTimeout(limits.stalledMs, (socket) => {
    // The request is still being worked on, and nothing of its answer waits.
    if (!count.isIdle(socket) && socket.writableLength === 0) socket.setTimeout(limits.stalledMs)
    else socket.destroy()
  })
  endWhenClosing(app, count, limits.closeWithinMs)
}

/** Puts `admit` before the HTTP parser: a connection that is not let in must not become a request. */
function letIn(app: FastifyInstance, admit: (socket: Socket) => boolean): void {
  const parsers = app.server.listeners('connection')
  app.server.removeAllListeners('connection')
  app.server.on('connection', (socket: Socket) => {
    if (admit(socket)) for (const parse of parsers) parse.call(app.server, socket)
  })
}

function followRequests(app: FastifyInstance, count: ConnectionCount): void {
  app.server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count.shift(socket, 1)
    response.once('close', () => count.shift(socket, -1))
  })
  // For as long as the connection stays.
  app.server.prependListener('upgrade', (_request, socket) => count.shift(socket as Socket, 1))
}

function endWhenClosing(app: FastifyInstance, count: ConnectionCount, withinMs: number): void {
  let cutting: NodeJS.Timeout | undefined
  app.addHook('preClose', async () => {
    // Browsers connect in advance. Node counts as idle only what has been used, and would wait for these.
    for (const socket of count.open()) if (socket.bytesRead === 0) socket.destroy()
    cutting = setTimeout(() => {
      for (const socket of count.open()) socket.destroy()
    }, withinMs)
  })
  app.server.once('close', () => clearTimeout(cutting))
}

const tooMany: Record<keyof ConnectionCaps, () => Fault> = {
  perAddress: () =>
    httpFault('http.too_many_connections', {
      public: 'There are too many connections from your address. Close some, or use those that you have.',
      internal: 'connections from one address are at their cap',
      headers: { 'retry-after': '5' },
    }),
  max: () =>
    httpFault('http.full', {
      public: 'This process serves as many as it can. Try again in a few seconds.',
      internal: 'connections of the process are at their cap',
      headers: { 'retry-after': '5' },
    }),
}
