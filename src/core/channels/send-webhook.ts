import type { Message, SendOutcome } from './channel.ts'
import { type Fetch, outcomeOf, postJson } from './post-json.ts'
import type { WebhookSecrets } from './secrets.ts'
import { signatureHeaders } from './signing-keys.ts'

/** The payload of Standard Webhooks; the same for every attempt. */
const bodyOf = ({ tenantId, signal }: Message): string =>
  JSON.stringify({
    type: signal.kind,
    timestamp: signal.raised_at.toISOString(),
    data: {
      tenant_id: tenantId,
      signal_id: signal.signal_id,
      subject: signal.subject,
      severity: signal.severity,
      title: signal.title,
      facts: signal.facts,
    },
  })

/** A webhook after Standard Webhooks: signed, known by its id, and switched off by who answers 410. */
export function webhookSender(fetch: Fetch) {
  return async ({ url, keys }: WebhookSecrets, message: Message, signal: AbortSignal): Promise<SendOutcome> => {
    const body = bodyOf(message)
    const headers = signatureHeaders(keys, { id: message.deliveryId, now: new Date(), body })
    const answer = await postJson(fetch, { url, headers, body }, signal)
    const outcome = outcomeOf(answer, 'the receiver')
    if (answer.status !== 410) return outcome
    const reason = 'the receiver answered 410: it wants no more calls'
    return { kind: 'refused', statusCode: 410, reason, disablesChannel: true }
  }
}
