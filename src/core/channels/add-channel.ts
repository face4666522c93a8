import { randomUUID } from 'node:crypto'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { recordAudit } from '../audit/index.ts'
import type { Confirmations } from './confirm-addresses.ts'
import { channelFault } from './faults.ts'
import { hostOf, type NewChannelBody } from './kinds.ts'
import { sealSecrets } from './secrets.ts'
import { newSigningKeys } from './signing-keys.ts'
import { insertChannel, lockChannels, lookAround } from './store.ts'

const CHANNELS_MAX = 50

export const nameTaken = (name: string) =>
  channelFault('channels.name_taken', {
    public: `The tenant has a channel called “${name}” already. Choose another name.`,
    internal: 'channel name taken',
  })

/**
 * Stores a channel whose address was checked, and asks the owners of mail addresses.
 *
 * @throws channels.name_taken, channels.notify_exists, channels.too_many, channels.email_not_configured
 */
export async function addChannel(
  tx: Tx,
  { sealer, hasEmail, confirmations }: { sealer: Sealer; hasEmail: boolean; confirmations: Confirmations },
  request: { tenantId: TenantId; addedBy: string; body: NewChannelBody },
): Promise<{ channelId: string; signingSecret: string | null }> {
  const { tenantId, addedBy, body } = request
  if (body.kind === 'email' && !hasEmail) {
    throw channelFault('channels.email_not_configured', {
      public: 'E-mail is not set up here. The operator of this installation has to set SMTP_URL and MAIL_FROM.',
      internal: 'an e-mail channel was asked for, but SMTP_URL and MAIL_FROM are not set',
    })
  }
  await lockChannels(tx)
  const { count, hasName, hasNotify } = await lookAround(tx, body)
  if (body.kind === 'notify' && hasNotify) {
    throw channelFault('channels.notify_exists', {
      public: 'Each tenant has one notify channel, from the beginning. Change that one.',
      internal: 'a second notify channel was asked for',
    })
  }
  if (hasName) throw nameTaken(body.name)
  if (count >= CHANNELS_MAX) {
    throw channelFault('channels.too_many', {
      public: `A tenant has at most ${CHANNELS_MAX} channels. Delete one that is not needed any more.`,
      internal: `the tenant has ${count} channels`,
    })
  }
  const channelId = randomUUID()
  const { signingSecret, ...stored } = storedParts(sealer, { tenant_id: tenantId, channel_id: channelId }, body)
  const { kind, name } = body
  const awaiting = await confirmations.ask(tx, tenantId, kind === 'email' ? body.recipients : [])
  await insertChannel(tx, { channel_id: channelId, kind, name, awaiting, created_by: addedBy, ...stored })
  const [subject, details] = [`channel:${channelId}`, { kind, name }]
  await recordAudit(tx, { tenantId, actor: addedBy, action: 'channel.add', subject, details })
  return { channelId, signingSecret }
}

function storedParts(sealer: Sealer, place: { tenant_id: string; channel_id: string }, body: NewChannelBody) {
  if (body.kind === 'notify') return { settings: {}, sealed_secrets: null, signingSecret: null }
  if (body.kind === 'email') {
    return { settings: { recipients: body.recipients }, sealed_secrets: null, signingSecret: null }
  }
  const { url } = body
  const settings = { host: hostOf(url) }
  if (body.kind === 'slack')
    return { settings, sealed_secrets: sealSecrets(sealer, place, { url }), signingSecret: null }
  const keys = newSigningKeys()
  return { settings, sealed_secrets: sealSecrets(sealer, place, { url, keys }), signingSecret: keys[0]?.secret ?? null }
}
