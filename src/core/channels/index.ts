import { type Config, ConfigError } from '../../kernel/config.ts'
import { defineModule } from '../../platform/module/index.ts'
import type { Send } from './channel.ts'
import { channelRoutes } from './routes.ts'
import { openSend } from './send.ts'
import type { Smtp } from './send-email.ts'
import { subscriptionRoutes } from './subscription-routes.ts'

export { switchOffChannel } from './change-channel.ts'
export { CHANNEL_KINDS, type Channel, type ChannelKind, type Message, type Send, type SendOutcome } from './channel.ts'
export { POLICIES, type Policy, RETRY_AFTER_CAP_SECONDS } from './policies.ts'

export type ChannelsApi = {
  /** Makes one attempt; see `Send`. */
  send: Send
}

/** Channels of many tenants lead to one origin, as all of Slack's do: a slow one must not hold up the others. */
const SOCKETS_PER_ORIGIN = 64

/** Where people are told, and how. Without SMTP_URL there are no e-mail channels. */
export const channelsModule = defineModule<ChannelsApi>({
  name: 'core/channels',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'channel.read': 'agent', 'channel.manage': 'manager' },
  open: ({ config, database, sealer, logger, providerUrl, openOutbound }) => {
    const outbound = openOutbound({ socketsPerOrigin: SOCKETS_PER_ORIGIN })
    const smtp = smtpOf(config)
    // The operator chose the specification's endpoint: unlike a tenant's address, it may be a private one.
    const calls = { guardedFetch: outbound.fetch, plainFetch: fetch, notifyUrl: providerUrl }
    const send = openSend({ sealer, smtp, logger, ...calls })
    const hasEmail = smtp !== undefined
    return {
      api: { send },
      routes: [...subscriptionRoutes(), ...channelRoutes({ database, sealer, outbound, hasEmail, send })],
    }
  },
})

/** The mail server and the sender: one without the other would look set up and send nothing. */
function smtpOf({ SMTP_URL: url, MAIL_FROM: from }: Config): Smtp | undefined {
  if (url !== undefined && from !== undefined) return { url, from }
  if (url === undefined && from === undefined) return undefined
  throw new ConfigError('SMTP_URL and MAIL_FROM must be set together, or neither')
}
