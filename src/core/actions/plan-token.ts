import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** What a token is bound to besides its plan's id. */
export type Bound = { tenantId: string; actor: string; stepsHash: Buffer; fingerprint: Buffer; expiresAt: Date }

const PREFIX = 'sbplan_'
export const PLAN_TOKEN_PATTERN = /^sbplan_[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$/

/** `sbplan_<plan>.<HMAC-SHA-256 of all that it is bound to>`. */
export const signToken = (secret: string, planId: string, bound: Bound): string =>
  `${PREFIX}${planId}.${macOf(secret, planId, bound).toString('base64url')}`

export type ReadToken = { planId: string; mac: Buffer }

/** Null when it is no token of ours, whatever it is signed with. */
export function readToken(token: string): ReadToken | null {
  const [planId = '', mac = ''] = token.slice(PREFIX.length).split('.')
  if (!PLAN_TOKEN_PATTERN.test(token) || !z.uuid().safeParse(planId).success) return null
  return { planId, mac: Buffer.from(mac, 'base64url') }
}

/** Whether we signed it for exactly this. */
export function isSigned({ planId, mac }: ReadToken, secret: string, bound: Bound): boolean {
  const ours = macOf(secret, planId, bound)
  return mac.length === ours.length && timingSafeEqual(mac, ours)
}

function macOf(secret: string, planId: string, bound: Bound): Buffer {
  const { tenantId, actor, stepsHash, fingerprint, expiresAt } = bound
  const said = [
    planId,
    tenantId,
    actor,
    stepsHash.toString('hex'),
    fingerprint.toString('hex'),
    expiresAt.toISOString(),
  ]
  return createHmac('sha256', secret).update(JSON.stringify(said)).digest()
}
