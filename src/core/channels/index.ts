import { defineModule } from '../../platform/module/index.ts'
import { openAllowances } from '../../platform/resilience/index.ts'
import { mailModule } from '../mail/index.ts'
import type { Send } from './channel.ts'
import { openConfirmations } from './confirm-addresses.ts'
import { confirmationRoutes } from './confirmation-routes.ts'
import { channelRoutes } from './routes.ts'
import { openSend } from './send.ts'
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

const needs = { mail: mailModule }

/** Where people are told, and how. Without a mail server there are no e-mail channels. */
export const channelsModule = defineModule<ChannelsApi, typeof needs>({
  name: 'core/channels',
  migrations: new URL('./migrations/', import.meta.url),
  needs,
  retention: {
    channels: { becomes: 'kept', what: 'channels', why: 'What people have set up; a tenant has a limited number.' },
    channel_addresses: {
      becomes: 'removed',
      what: 'mail addresses to which no channel leads, since they were entered, asked or confirmed',
      why: 'Who puts a channel up again within a month need not ask their owners again.',
      days: 30,
      since: 'greatest(created_at, asked_at, confirmed_at)',
      when: `not exists (select from channels, jsonb_array_elements_text(settings -> 'recipients') as recipients (address)
        where channels.tenant_id = channel_addresses.tenant_id and kind = 'email'
          and lower(recipients.address) = channel_addresses.address)`,
      scope: { of: 'all', key: ['tenant_id', 'address'] },
    },
    subscriptions: { becomes: 'kept', what: 'what channels are told', why: 'As channels, with which they go.' },
  },
  permissions: { 'channel.read': 'agent', 'channel.manage': 'manager' },
  open: ({ database, sealer, logger, providerUrl, openOutbound }, { mail }) => {
    const outbound = openOutbound({ socketsPerOrigin: SOCKETS_PER_ORIGIN })
    // The operator chose the specification's endpoint: unlike a tenant's address, it may be a private one.
    const calls = { guardedFetch: outbound.fetch, plainFetch: fetch, notifyUrl: providerUrl }
    const send = openSend({ sealer, sendMail: mail.send, logger, ...calls })
    const allowances = openAllowances(database)
    const confirmations = openConfirmations({ database, allowances, mail })
    const hasEmail = mail.send !== undefined
    return {
      api: { send },
      routes: [
        ...subscriptionRoutes(),
        ...confirmationRoutes({ database, confirmations }),
        ...channelRoutes({ database, sealer, outbound, hasEmail, send, allowances, confirmations }),
      ],
    }
  },
})
