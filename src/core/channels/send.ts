import { abortable } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import { OutboundRefused } from '../../platform/outbound/index.ts'
import { SealBroken, SealedWithAnotherKey, type Sealer } from '../../platform/sealing/index.ts'
import type { SendMail } from '../mail/index.ts'
import type { Channel, ChannelKind, Message, Send, SendOutcome } from './channel.ts'
import { EmailSettings } from './kinds.ts'
import { POLICIES } from './policies.ts'
import type { Fetch } from './post-json.ts'
import { openSlackSecrets, openWebhookSecrets } from './secrets.ts'
import { emailSender } from './send-email.ts'
import { notifySender } from './send-notify.ts'
import { slackSender } from './send-slack.ts'
import { webhookSender } from './send-webhook.ts'

export type SendDependencies = {
  sealer: Sealer
  /** To addresses that tenants choose: through the outbound guard. */
  guardedFetch: Fetch
  /** To addresses that the operator chose. */
  plainFetch: Fetch
  /** The base address of the specification's endpoint. */
  notifyUrl: string
  /** Undefined: e-mail is not set up. */
  sendMail: SendMail | undefined
  logger: Logger
  timeoutSeconds?: Readonly<Record<ChannelKind, number>>
}

type Attempt = (channel: Channel, message: Message, signal: AbortSignal) => Promise<SendOutcome>

const failed = (reason: string): SendOutcome => ({ kind: 'failed', statusCode: null, reason })
const refused = (reason: string): SendOutcome => ({ kind: 'refused', statusCode: null, reason, disablesChannel: false })

const EMAIL_NOT_SET_UP: SendOutcome = failed('e-mail is not set up: the operator has to set SMTP_URL and MAIL_FROM')

const NOBODY_CONFIRMED: SendOutcome = refused('no address of the channel has been confirmed by its owner')

const policyTimeouts = Object.fromEntries(
  Object.entries(POLICIES).map(([kind, { timeoutSeconds }]) => [kind, timeoutSeconds]),
) as Record<ChannelKind, number>

/** Makes one attempt over a channel of whatever kind and says what became of it. */
export function openSend(dependencies: SendDependencies): Send {
  const { sealer, guardedFetch, logger, timeoutSeconds = policyTimeouts } = dependencies
  const [sendNotify, sendWebhook, sendSlack] = [
    notifySender(dependencies.plainFetch, dependencies.notifyUrl),
    webhookSender(guardedFetch),
    slackSender(guardedFetch),
  ]
  const sendEmail = dependencies.sendMail && emailSender(dependencies.sendMail, logger)
  const attempts: Record<ChannelKind, Attempt> = {
    notify: async (_channel, message, signal) => sendNotify(message, signal),
    webhook: async (channel, message, signal) => sendWebhook(openWebhookSecrets(sealer, channel), message, signal),
    slack: async (channel, message, signal) => sendSlack(openSlackSecrets(sealer, channel), message, signal),
    email: async ({ settings, awaiting }, message, signal) => {
      if (!sendEmail) return EMAIL_NOT_SET_UP
      const recipients = EmailSettings.parse(settings).recipients.filter(
        (address) => !awaiting.includes(address.toLowerCase()),
      )
      return recipients.length === 0 ? NOBODY_CONFIRMED : sendEmail(recipients, message, signal)
    },
  }

  return async (channel, message, signal) => {
    signal.throwIfAborted()
    const timeout = AbortSignal.timeout(timeoutSeconds[channel.kind] * 1_000)
    const ends = AbortSignal.any([signal, timeout])
    try {
      return await abortable(attempts[channel.kind](channel, message, ends), ends)
    } catch (error) {
      signal.throwIfAborted()
      if (timeout.aborted) return failed(`no answer within ${timeoutSeconds[channel.kind]} s`)
      const about = { component: 'channels', channel_id: channel.channel_id, delivery_id: message.deliveryId }
      if (error instanceof OutboundRefused) {
        logger.warn({ ...about, why: error.message }, 'a channel may not be called')
        return refused(error.public)
      }
      if (error instanceof SealedWithAnotherKey)
        return failed('its secrets were sealed with a SIGNALBOX_SECRET that is missing')
      if (error instanceof SealBroken) return refused('its stored secrets cannot be read')
      // Not the error itself: what fetch complains about may repeat the address, which is a secret.
      const { name, code } = innermost(error)
      logger.debug({ ...about, why: code ?? name }, 'an attempt failed')
      return failed('there was no answer, or it broke off')
    }
  }
}

function innermost(error: unknown): { name: string; code?: string | undefined } {
  let found = error
  while (found instanceof Error && found.cause instanceof Error) found = found.cause
  if (!(found instanceof Error)) return { name: 'unknown' }
  return { name: found.name, code: (found as { code?: string }).code }
}
