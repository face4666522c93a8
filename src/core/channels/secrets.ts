import { z } from 'zod'
import type { Sealer } from '../../platform/sealing/index.ts'
import { channelFault } from './faults.ts'
import { SigningKeys } from './signing-keys.ts'

type Place = { tenant_id: string; channel_id: string }

/** Addresses are secrets: tokens stand in their paths. */
const WebhookSecrets = z.strictObject({ url: z.string(), keys: SigningKeys })
const SlackSecrets = z.strictObject({ url: z.string() })
export type WebhookSecrets = z.output<typeof WebhookSecrets>
export type SlackSecrets = z.output<typeof SlackSecrets>

/** Bound to its row: copied to another channel or tenant, it does not open. */
const contextOf = ({ tenant_id, channel_id }: Place) => `channel:${tenant_id}:${channel_id}`

export const sealSecrets = (sealer: Sealer, place: Place, secrets: WebhookSecrets | SlackSecrets): Buffer =>
  sealer.seal(JSON.stringify(secrets), contextOf(place))

type Sealed = Place & { sealed_secrets: Buffer | null }

/** Throws SealBroken, SealedWithAnotherKey. */
const open = (sealer: Sealer, row: Sealed): unknown =>
  JSON.parse(sealer.open(row.sealed_secrets ?? Buffer.alloc(0), contextOf(row)))

export const openWebhookSecrets = (sealer: Sealer, row: Sealed) => WebhookSecrets.parse(open(sealer, row))
export const openSlackSecrets = (sealer: Sealer, row: Sealed) => SlackSecrets.parse(open(sealer, row))

/** The secrets of a webhook for whoever changes it. @throws channels.secrets_unreadable when the installation's secret is another one now. */
export function requireWebhookSecrets(sealer: Sealer, row: Sealed): WebhookSecrets {
  try {
    return openWebhookSecrets(sealer, row)
  } catch (error) {
    throw channelFault('channels.secrets_unreadable', {
      public: 'The stored secrets of this channel can no longer be read. Delete it and make a new one.',
      internal: `sealed secrets of channel ${row.channel_id} do not open`,
      cause: error,
    })
  }
}
