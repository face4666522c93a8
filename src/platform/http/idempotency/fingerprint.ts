import { createHash } from 'node:crypto'
import { PassThrough, pipeline, type Readable, Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Route } from '../route.ts'

/** Tells a repeated request from another one with the same key. Known once the whole request is. */
export type Fingerprint = () => Promise<string>

export function hashRequest(method: string, url: string, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, url, body ?? null]))
    .digest('base64url')
}

/**
 * The fingerprint of a request. A body that comes as a stream is hashed as it passes: `request.body` is replaced by a stream
 * of the same bytes, and what the route leaves of it is read to its end when the fingerprint is asked for.
 *
 * A body with a password is left out: a fast hash of it at rest would undo the slow one that it is kept as.
 */
export function fingerprintOf(route: Route, request: FastifyRequest): Fingerprint {
  const { method, originalUrl } = request
  if (!route.upload) {
    const body = holdsPassword(route) ? null : request.body
    return async () => hashRequest(method, originalUrl, body)
  }
  const type = request.headers['content-type'] ?? ''
  const bytes = hashPassing((request.body as Readable | undefined) ?? new PassThrough().end())
  request.body = bytes.passing
  return async () => hashRequest(method, originalUrl, [type, await bytes.digest()])
}

function hashPassing(source: Readable): { passing: Readable; digest: () => Promise<string> } {
  const hash = createHash('sha256')
  const passing = new Transform({
    transform: (chunk, _encoding, done) => {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  // An error of the one destroys the other; whoever reads is told.
  pipeline(source, passing, () => {})
  return {
    passing,
    digest: async () => {
      passing.resume()
      await finished(passing)
      return hash.digest('base64url')
    },
  }
}

const withPasswords = new WeakMap<Route, boolean>()

/** Whether a route takes a password: its body is not remembered, and neither is its answer. */
export function holdsPassword(route: Route): boolean {
  const known = withPasswords.get(route)
  if (known !== undefined) return known
  const schema = route.body ? JSON.stringify(z.toJSONSchema(route.body, { io: 'input', unrepresentable: 'any' })) : ''
  const found = schema.includes('"format":"password"')
  withPasswords.set(route, found)
  return found
}
