import type { Logger } from '../../kernel/logger.ts'
import type { SendMail } from '../mail/index.ts'
import type { Message, SendOutcome } from './channel.ts'
import { emailMessage } from './email-message.ts'

/** A signal as one e-mail to all recipients of a channel. */
export function emailSender(sendMail: SendMail, logger: Logger) {
  return async (recipients: readonly string[], message: Message, signal: AbortSignal): Promise<SendOutcome> => {
    const { deliveryId } = message
    const outcome = await sendMail({ ...emailMessage(message), mailId: deliveryId, to: recipients }, signal)
    if (outcome.kind === 'failed') return outcome
    if (outcome.kind === 'refused') return { ...outcome, disablesChannel: false }
    // Another attempt would send it again to those who have it.
    if (outcome.refusedRecipients > 0) {
      const refused = { refused: outcome.refusedRecipients, recipients: recipients.length, delivery_id: deliveryId }
      logger.warn({ ...refused, component: 'channels' }, 'the mail server refused some of the recipients')
    }
    return { kind: 'delivered', statusCode: outcome.statusCode }
  }
}
