import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Channel, Message, Send, SendOutcome } from './channel.ts'
import type { TestView } from './view.ts'

/** Sends a message that says it is a test, over a channel that may be switched off, and waits for what becomes of it. */
export function testChannel(send: Send, channel: Channel, who: { tenantId: TenantId; now: Date }, signal: AbortSignal) {
  const deliveryId = randomUUID()
  const about: Message['signal'] = {
    ...{ signal_id: deliveryId, kind: 'channel.test', subject: `channel:${channel.channel_id}` },
    severity: 'info',
    ...{ title: 'This is a test: nothing has to be done.', facts: {}, raised_at: who.now },
  }
  return send(channel, { deliveryId, tenantId: who.tenantId, signal: about }, signal)
}

export const presentTest = (outcome: SendOutcome): z.output<typeof TestView> => ({
  outcome: outcome.kind,
  status_code: outcome.statusCode,
  reason: 'reason' in outcome ? outcome.reason : null,
  retry_after_seconds: ('retryAfterSeconds' in outcome ? outcome.retryAfterSeconds : undefined) ?? null,
})
