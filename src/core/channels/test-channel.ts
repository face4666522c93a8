import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import { circuitBreaker } from '../../platform/resilience/index.ts'
import { useUpTests } from './address-store.ts'
import type { Channel, Message, Send, SendOutcome } from './channel.ts'
import { channelFault } from './faults.ts'
import { EmailSettings } from './kinds.ts'
import type { TestView } from './view.ts'

/**
 * Sends a message that says it is a test, over a channel that may be switched off, and waits for what becomes of it. While
 * its circuit lets nobody through, which may be the one of all tenants, nothing leaves. A test is no evidence for the
 * circuit: whoever mends an address may try as often as it takes.
 */
export async function testChannel(
  { send, database }: { send: Send; database: Database },
  channel: Channel,
  who: { tenantId: TenantId; now: Date },
  signal: AbortSignal,
): Promise<SendOutcome> {
  const closed = await heldBack(database, channel, who.now)
  if (closed) return closed
  const deliveryId = randomUUID()
  const about: Message['signal'] = {
    ...{ signal_id: deliveryId, kind: 'channel.test', subject: `channel:${channel.channel_id}` },
    severity: 'info',
    ...{ title: 'This is a test: nothing has to be done.', facts: {}, raised_at: who.now },
  }
  return send(channel, { deliveryId, tenantId: who.tenantId, signal: about }, signal)
}

/**
 * The channel as a test finds it: of the addresses that have not confirmed, those to which none has gone yet get this one.
 *
 * @throws channels.unconfirmed when nobody would be reached
 */
export async function reachedByTest(database: Database, channel: Channel): Promise<Channel> {
  if (channel.kind !== 'email' || channel.awaiting.length === 0) return channel
  const { recipients } = EmailSettings.parse(channel.settings)
  const untried = await database.withTenant(channel.tenant_id, (tx) => useUpTests(tx, channel.awaiting))
  const awaiting = channel.awaiting.filter((address) => !untried.includes(address))
  if (recipients.some((recipient) => !awaiting.includes(recipient.toLowerCase()))) return { ...channel, awaiting }
  throw channelFault('channels.unconfirmed', {
    public:
      'No address of this channel has confirmed yet, and each has had its one test. Ask for their confirmation again.',
    internal: `nobody of channel ${channel.channel_id} has confirmed`,
  })
}

const breaker = circuitBreaker()

/** What becomes of a test that may not leave; undefined when it may. */
async function heldBack(database: Database, channel: Channel, now: Date): Promise<SendOutcome | undefined> {
  const name = channel.kind === 'notify' ? 'notify' : `channel:${channel.channel_id}`
  const why = 'a circuit is shared by all tenants'
  const [circuit] = await database.readAcrossTenants(why, (tx) => breaker.read(tx, [name]))
  if (!circuit) return undefined
  const until = circuit.state === 'closed' ? circuit.paused_until : (circuit.next_probe_at ?? now)
  if (until === null || (circuit.state === 'closed' && until <= now)) return undefined
  const retryAfterSeconds = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1_000))
  const reason = 'nothing was sent: its circuit lets nobody through just now'
  return { kind: 'failed', statusCode: null, reason, retryAfterSeconds }
}

export const presentTest = (outcome: SendOutcome): z.output<typeof TestView> => ({
  outcome: outcome.kind,
  status_code: outcome.statusCode,
  reason: 'reason' in outcome ? outcome.reason : null,
  retry_after_seconds: ('retryAfterSeconds' in outcome ? outcome.retryAfterSeconds : undefined) ?? null,
})
