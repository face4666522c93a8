import type { FastifyInstance } from 'fastify'
import { findJsonExcess, type JsonBounds } from '../../kernel/json-bounds.ts'
import { httpFault } from './faults.ts'

/** What a body may consist of, whatever route it is for. No text in it can be longer than the body. */
export const JSON_BODY_BOUNDS: Omit<JsonBounds, 'textCharacters'> = {
  depth: 64,
  members: 20_000,
  nameCharacters: 1_000,
}

/**
 * Reads JSON bodies; what is more than the bounds allow is refused before anything is made of it. Where a route takes no body,
 * none may be announced as JSON: many clients send the header with everything.
 */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  const bounds = { ...JSON_BODY_BOUNDS, textCharacters: Number.POSITIVE_INFINITY }
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '' && !request.routeOptions.config.declared?.body) return done(null, undefined)
    const excess = findJsonExcess(body, bounds)
    if (!excess) return parse(request, body, done)
    const fault = httpFault('http.json_too_complex', {
      public: `The body ${excess.complaint}. Send it simpler or in parts.`,
      internal: `a JSON body over the bound of ${excess.bound}`,
      extensions: { errors: [{ in: 'body', field: '(whole)', message: excess.complaint }] },
    })
    return done(fault)
  })
}
