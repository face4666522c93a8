import type { FastifyRequest } from 'fastify'
import { invalid } from '../problem.ts'
import type { Route } from '../route.ts'
import { type Fingerprint, fingerprintOf, holdsPassword } from './fingerprint.ts'

const KEY_PATTERN = /^[\x21-\x7e]{1,255}$/
const SAFE_METHODS = new Set(['GET', 'HEAD'])

export type IdempotentRequest = {
  /** '' for a request about no tenant. */
  tenantId: string
  callerId: string
  key: string
  fingerprint: Fingerprint
  /** False for answers that hold a secret: what happened is remembered, the answer is not. */
  keepAnswer: boolean
}

/**
 * What to remember a request by; null when it is safe or carries no key. Before its body is used: see `fingerprintOf`.
 *
 * @throws http.invalid when the key is empty, longer than 255 or not printable ASCII
 */
export function readIdempotentRequest(
  route: Route,
  request: FastifyRequest,
  scope: Pick<IdempotentRequest, 'tenantId' | 'callerId'>,
): IdempotentRequest | null {
  if (SAFE_METHODS.has(route.method)) return null
  const key = readKey(request.headers['idempotency-key'])
  if (key === undefined) return null
  const keepAnswer = route.answer !== 'secret' && !holdsPassword(route)
  return { ...scope, key, keepAnswer, fingerprint: fingerprintOf(route, request) }
}

function readKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && KEY_PATTERN.test(header)) return header
  throw invalid([
    { in: 'header', field: 'Idempotency-Key', message: 'must be 1 to 255 printable ASCII characters without spaces' },
  ])
}
