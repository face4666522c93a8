import type { Message, SendOutcome } from './channel.ts'
import { factText, reasonOf } from './describe-signal.ts'
import { type Fetch, outcomeOf, postJson } from './post-json.ts'

/**
 * The specification's endpoint, one for all tenants: exactly these four fields. The operator chose its address, so it may
 * be a private one.
 */
export function notifySender(fetch: Fetch, baseUrl: string) {
  // Resolved against the base, `/notify` would drop the base's path.
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/notify`
  return async ({ deliveryId, tenantId, signal: about }: Message, signal: AbortSignal): Promise<SendOutcome> => {
    const body = JSON.stringify({
      ticket_id: factText(about.facts, 'external_id') ?? about.subject,
      tenant_id: tenantId,
      urgency: factText(about.facts, 'urgency') ?? about.severity,
      reason: reasonOf(about),
    })
    const answer = await postJson(fetch, { url, body, headers: { 'idempotency-key': deliveryId } }, signal)
    return outcomeOf(answer, 'the notification service')
  }
}
