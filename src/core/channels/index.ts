export { CHANNEL_KINDS, type Channel, type ChannelKind, type Message, type Send, type SendOutcome } from './channel.ts'
export { POLICIES, type Policy } from './policies.ts'

export const channelsMigrations = { module: 'core/channels', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const channelPermissions = { 'channel.read': 'agent', 'channel.manage': 'manager' } as const
