import { createTransport } from 'nodemailer'
import type { Logger } from '../../kernel/logger.ts'
import type { Message, SendOutcome } from './channel.ts'
import { emailMessage } from './email-message.ts'

/** The operator's mail server. `from`: `ops@example.com` or `Signalbox <ops@example.com>`. */
export type Smtp = { url: string; from: string }

type SmtpError = Error & { code?: string; responseCode?: number; command?: string }

/** The commands that a mail server answers by what we want to send; what it says before is about us. */
const ABOUT_THE_MESSAGE = ['RCPT TO', 'DATA']

/** The same for every attempt, so that mail programs show repeats once. */
const messageIdOf = (deliveryId: string, from: string) => `<${deliveryId}@${from.replace(/^.*@|>\s*$/g, '')}>`

/**
 * What a mail server's refusal means: 5xx to the recipients or the message will be the same again. 5xx to our login or our
 * address is the operator's to mend, and 4xx passes (RFC 5321 §4.2.1): both are worth another attempt.
 */
function outcomeOf({ code, responseCode, command }: SmtpError): SendOutcome {
  const statusCode = responseCode ?? null
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return { kind: 'failed', statusCode, reason: 'the mail server does not accept the login of the installation' }
  }
  if (responseCode === undefined) return { kind: 'failed', statusCode, reason: 'the mail server cannot be reached' }
  const reason = `the mail server answered ${responseCode}${command === undefined ? '' : ` to ${command}`}`
  const isFinal = responseCode >= 500 && ABOUT_THE_MESSAGE.includes(command ?? 'DATA')
  return isFinal
    ? { kind: 'refused', statusCode, reason, disablesChannel: false }
    : { kind: 'failed', statusCode, reason }
}

/** E-mail over the operator's SMTP server. One connection for each attempt, closed when `signal` aborts. */
export function emailSender(smtp: Smtp, logger: Logger) {
  // Nothing of a message may name a file or an address for the mail library to read.
  const transport = createTransport({ url: smtp.url, disableFileAccess: true, disableUrlAccess: true })
  return async (recipients: readonly string[], message: Message, signal: AbortSignal): Promise<SendOutcome> => {
    try {
      const { rejected, response } = await transport.sendMail({
        ...emailMessage(message),
        from: smtp.from,
        to: recipients.map((address) => ({ name: '', address })),
        messageId: messageIdOf(message.deliveryId, smtp.from),
        // RFC 3834: no automatic answers, please.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      })
      // Another attempt would send it again to those who have it.
      if (rejected.length > 0) {
        const refused = { refused: rejected.length, recipients: recipients.length, delivery_id: message.deliveryId }
        logger.warn({ ...refused, component: 'channels' }, 'the mail server refused some of the recipients')
      }
      return { kind: 'delivered', statusCode: Number.parseInt(response, 10) || null }
    } catch (error) {
      signal.throwIfAborted()
      return outcomeOf(error as SmtpError)
    }
  }
}
