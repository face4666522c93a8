import type { Logger } from '../../kernel/logger.ts'
import type { Database } from '../../platform/database/index.ts'
import type { Outbound } from '../../platform/outbound/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { channelRoutes } from './routes.ts'
import { openSend } from './send.ts'
import type { Smtp } from './send-email.ts'
import { subscriptionRoutes } from './subscription-routes.ts'

export { switchOffChannel } from './change-channel.ts'
export { CHANNEL_KINDS, type Channel, type ChannelKind, type Message, type Send, type SendOutcome } from './channel.ts'
export { POLICIES, type Policy, RETRY_AFTER_CAP_SECONDS } from './policies.ts'

export const channelsMigrations = { module: 'core/channels', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const channelPermissions = { 'channel.read': 'agent', 'channel.manage': 'manager' } as const

/**
 * Where people are told, and how. `outbound` is for the addresses that tenants choose, `notifyUrl` is the base address of
 * the specification's endpoint, which the operator chose; without `smtp` there are no e-mail channels.
 */
export function channelsModule(dependencies: {
  database: Database
  sealer: Sealer
  outbound: Outbound
  notifyUrl: string
  smtp: Smtp | undefined
  logger: Logger
}) {
  const { database, sealer, outbound, notifyUrl, smtp, logger } = dependencies
  const guarded = { guardedFetch: outbound.fetch, plainFetch: fetch }
  const send = openSend({ sealer, notifyUrl, smtp, logger, ...guarded })
  const hasEmail = smtp !== undefined
  return { routes: [...subscriptionRoutes(), ...channelRoutes({ database, sealer, outbound, hasEmail, send })], send }
}
