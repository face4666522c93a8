import { createHash } from 'node:crypto'
import type { Allowance, Allowances } from '../../platform/resilience/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { channelFault } from './faults.ts'
import { EmailSettings } from './kinds.ts'
import { openSlackSecrets, openWebhookSecrets } from './secrets.ts'
import type { ChannelRow } from './store.ts'

/**
 * Somebody who mends a channel tries it a few times; whoever tries it by the thousand floods somebody else's mailbox. That one is
 * protected from all tenants together.
 */
const PER_CHANNEL = { burst: 5, everySeconds: 60 }
const PER_TENANT = { burst: 20, everySeconds: 30 }
const PER_ADDRESS = { burst: 5, everySeconds: 600 }

/**
 * Counts a test before it is sent, over all processes: of the channel, of its tenant, and of each address that it leads to.
 *
 * @throws channels.too_many_tests
 */
export async function limitTests(
  { allowances, sealer }: { allowances: Allowances; sealer: Sealer },
  channel: ChannelRow,
): Promise<void> {
  const waitSeconds = await allowances.take([
    { name: `channel-test channel ${channel.tenant_id} ${channel.channel_id}`, ...PER_CHANNEL },
    { name: `channel-test tenant ${channel.tenant_id}`, ...PER_TENANT },
    ...addressesOf(sealer, channel).map(
      (address): Allowance => ({ name: `channel-test to ${address}`, ...PER_ADDRESS }),
    ),
  ])
  if (waitSeconds === null) return
  throw channelFault('channels.too_many_tests', {
    public: `This channel, its address or your tenant was tested too often. Wait ${waitSeconds} seconds, then test it again.`,
    internal: `over the limit of tests, channel ${channel.channel_id}`,
    headers: { 'retry-after': String(waitSeconds) },
  })
}

/** Where it leads, each place once; none for what the operator chose or what cannot be read and so is not called. */
function addressesOf(sealer: Sealer, channel: ChannelRow): string[] {
  switch (channel.kind) {
    case 'notify':
      return []
    case 'email':
      return [...new Set(EmailSettings.parse(channel.settings).recipients.map((address) => address.toLowerCase()))]
    case 'webhook':
    case 'slack':
      return urlOf(sealer, channel)
  }
}

function urlOf(sealer: Sealer, channel: ChannelRow): string[] {
  const open = channel.kind === 'slack' ? openSlackSecrets : openWebhookSecrets
  try {
    return [createHash('sha256').update(open(sealer, channel).url).digest('base64url')]
  } catch {
    return []
  }
}
