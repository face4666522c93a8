import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { invalid } from '../problem.ts'

/** The id of an event, in a query. */
export const EventId = z.string().regex(/^\d{1,15}$/, 'must be the id of an event')

/**
 * After which event a listener wants to go on; undefined when it says nothing. A browser that comes back sends the header
 * beside the address that it began with, so the header goes before. @throws http.invalid
 */
export function lastEventId({ headers }: FastifyRequest, inQuery: string | undefined): number | undefined {
  const header = headers['last-event-id']
  if (header === undefined || header === '') return inQuery === undefined ? undefined : Number(inQuery)
  const checked = EventId.safeParse(header)
  if (checked.success) return Number(checked.data)
  throw invalid([{ in: 'header', field: 'Last-Event-ID', message: 'must be the id of an event' }])
}
