import { declareFaults } from '../../kernel/faults.ts'

export const channelFault = declareFaults({
  'channels.not_found': 404,
  'channels.subscription_not_found': 404,
  'channels.name_taken': 409,
  'channels.notify_exists': 409,
  'channels.notify_stays': 409,
  'channels.too_many': 409,
  'channels.too_many_subscriptions': 409,
  'channels.address_refused': 422,
  'channels.email_not_configured': 409,
  'channels.unconfirmed': 409,
  'channels.confirmation_not_found': 404,
  'channels.too_many_confirmations': 429,
  'channels.too_many_tests': 429,
  'channels.not_signed': 409,
  'channels.secrets_unreadable': 409,
})

export const channelNotFound = () =>
  channelFault('channels.not_found', {
    public: 'This tenant has no channel with this id.',
    internal: 'no such channel in the tenant',
  })
