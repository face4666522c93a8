import type { FastifyRequest } from 'fastify'
import { isUpgrade } from './web-socket.ts'

/** Whether a request wants what goes on: by `Accept: text/event-stream`, or as a WebSocket. */
export const asksForEvents = ({ raw, headers }: FastifyRequest): boolean =>
  isUpgrade(raw) || /\btext\/event-stream\b/i.test(headers.accept ?? '')
