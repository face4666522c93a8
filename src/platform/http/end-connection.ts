import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Fault } from '../../kernel/faults.ts'
import { problemBody } from './problem.ts'

/**
 * For so long the other side may take our last words and end, too. Closed at once, a connection on which something unread
 * has arrived is reset, and the answer is lost on its way.
 */
export const LINGER_MS = 2_000

/** Ends a connection, whether or not the other side ends it, too: one that stays half open would stay for ever. */
export function endConnection(socket: Socket, lastWords?: string): void {
  if (lastWords === undefined) socket.end()
  else socket.end(lastWords)
  if (socket.writableFinished) destroyLater(socket)
  else socket.once('finish', () => destroyLater(socket))
}

function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}

/** An answer for whoever is refused where there is no request (any more). */
export function rawProblem(fault: Fault): string {
  const body = JSON.stringify(problemBody(fault, randomUUID()))
  const head = [
    `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status]}`,
    ...Object.entries(fault.headers).map(([name, value]) => `${name}: ${value}`),
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
