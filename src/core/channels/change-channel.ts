import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import { invalid } from '../../platform/http/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { recordAudit } from '../audit/index.ts'
import { nameTaken } from './add-channel.ts'
import type { Channel } from './channel.ts'
import type { Confirmations } from './confirm-addresses.ts'
import { channelFault, channelNotFound } from './faults.ts'
import { type ChannelChange, hostOf } from './kinds.ts'
import { requireWebhookSecrets, sealSecrets } from './secrets.ts'
import { rotate } from './signing-keys.ts'
import {
  type ChannelRow,
  deleteChannel,
  disableChannel,
  findChannelToChange,
  lockChannels,
  lookAround,
  updateChannel,
} from './store.ts'

type Who = { tenantId: TenantId; channelId: string; changedBy: string }

async function requireToChange(tx: Tx, channelId: string): Promise<ChannelRow> {
  const row = await findChannelToChange(tx, channelId)
  if (!row) throw channelNotFound()
  return row
}

/** @throws http.invalid when the kind has no such thing */
function refuseMisplaced({ kind }: ChannelRow, { url, recipients }: ChannelChange): void {
  const misplaced = [
    ...(url !== undefined && kind !== 'webhook' && kind !== 'slack' ? ['url'] : []),
    ...(recipients !== undefined && kind !== 'email' ? ['recipients'] : []),
  ]
  if (misplaced.length === 0) return
  throw invalid(misplaced.map((field) => ({ in: 'body', field, message: `a channel of the kind ${kind} has none` })))
}

/**
 * Stores a change whose address was checked; what was not sent stays. A webhook's keys go on with it to its new address.
 *
 * @throws channels.not_found, channels.name_taken, channels.secrets_unreadable, http.invalid
 */
export async function changeChannel(
  tx: Tx,
  { sealer, confirmations }: { sealer: Sealer; confirmations: Confirmations },
  { tenantId, channelId, changedBy }: Who,
  change: ChannelChange,
) {
  await lockChannels(tx)
  const row = await requireToChange(tx, channelId)
  refuseMisplaced(row, change)
  const { name = row.name, is_enabled = row.is_enabled, url, recipients } = change
  if ((await lookAround(tx, { name, channelId })).hasName) throw nameTaken(name)
  const changed = { ...row, name, is_enabled, disabled_reason: change.is_enabled ? null : row.disabled_reason }
  if (recipients !== undefined) {
    changed.settings = { recipients }
    changed.awaiting = await confirmations.ask(tx, tenantId, recipients)
  }
  if (url !== undefined) {
    const kept = row.kind === 'webhook' ? requireWebhookSecrets(sealer, row) : {}
    changed.settings = { host: hostOf(url) }
    changed.sealed_secrets = sealSecrets(sealer, row, { ...kept, url })
  }
  await updateChannel(tx, changed)
  const fields = Object.entries(change).flatMap(([field, value]) => (value === undefined ? [] : [field]))
  const [subject, details] = [`channel:${channelId}`, { fields, is_enabled }]
  await recordAudit(tx, { tenantId, actor: changedBy, action: 'channel.change', subject, details })
}

/**
 * A new signing key, which is returned; the one before it signs too for 24 hours.
 *
 * @throws channels.not_found, channels.not_signed, channels.secrets_unreadable
 */
export async function rotateSecret(tx: Tx, sealer: Sealer, who: Who & { now: Date }): Promise<string> {
  const row = await requireToChange(tx, who.channelId)
  if (row.kind !== 'webhook') {
    throw channelFault('channels.not_signed', {
      public: 'Only webhooks are signed; this channel has no signing secret.',
      internal: `a signing secret was asked for of a channel of the kind ${row.kind}`,
    })
  }
  const { url, keys } = requireWebhookSecrets(sealer, row)
  const rotated = rotate(keys, who.now)
  await updateChannel(tx, { ...row, sealed_secrets: sealSecrets(sealer, row, { url, keys: rotated }) })
  const { tenantId, changedBy: actor } = who
  await recordAudit(tx, { tenantId, actor, action: 'channel.rotate_secret', subject: `channel:${who.channelId}` })
  return rotated[0]?.secret ?? ''
}

/** Removes it with its subscriptions and deliveries. @throws channels.not_found, channels.notify_stays */
export async function removeChannel(tx: Tx, { tenantId, channelId, changedBy }: Who): Promise<void> {
  const { kind, name } = await requireToChange(tx, channelId)
  if (kind === 'notify') {
    throw channelFault('channels.notify_stays', {
      public: 'The notify channel cannot be deleted, only switched off: send is_enabled: false.',
      internal: 'the notify channel was to be deleted',
    })
  }
  await deleteChannel(tx, channelId)
  const [subject, details] = [`channel:${channelId}`, { kind, name }]
  await recordAudit(tx, { tenantId, actor: changedBy, action: 'channel.remove', subject, details })
}

/**
 * Switches a channel off because of what the other side said; `reason` is shown to people. False when it is gone or off
 * already, so that of several who find out at once one tells of it, or when its address has changed since it was called:
 * who answered then says nothing about who is there now.
 */
export async function switchOffChannel(
  tx: Tx | SystemTx,
  channel: Pick<Channel, 'tenant_id' | 'channel_id' | 'sealed_secrets'>,
  reason: string,
): Promise<boolean> {
  if (!(await disableChannel(tx, channel, reason))) return false
  const [tenantId, subject] = [channel.tenant_id, `channel:${channel.channel_id}`]
  await recordAudit(tx, { tenantId, actor: 'system', action: 'channel.switch_off', subject })
  return true
}
