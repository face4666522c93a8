import { createTransport } from 'nodemailer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { needsSmtpUtf8 } from './mail-address.ts'

/** The operator's mail server. `from`: `ops@example.com` or `Signalbox <ops@example.com>`. */
export type Smtp = { url: string; from: string }

export type Mail = {
  /** The same for every attempt, so that mail programs show repeats once. */
  mailId: string
  to: readonly string[]
  subject: string
  text: string
  html?: string
}

/** What became of one attempt. `reason` is for people: it holds no address and no secret. */
export type MailOutcome =
  /** The mail server has it for all recipients but so many. */
  | { kind: 'sent'; statusCode: number | null; refusedRecipients: number }
  /** Worth another attempt. */
  | { kind: 'failed'; statusCode: number | null; reason: string }
  /** It will be the same however often it is tried. */
  | { kind: 'refused'; statusCode: number | null; reason: string }

/** Makes one attempt. Rejects with the reason of `signal` and nothing else. */
export type SendMail = (mail: Mail, signal: AbortSignal) => Promise<MailOutcome>

type SmtpError = Error & { code?: string; responseCode?: number; command?: string }

/** The commands that a mail server answers by what we want to send; what it says before is about us. */
const ABOUT_THE_MESSAGE = ['RCPT TO', 'DATA']

const messageIdOf = (mailId: string, from: string) => `<${mailId}@${from.replace(/^.*@|>\s*$/g, '')}>`

/**
 * What a mail server's refusal means: 5xx to the recipients or the message will be the same again. 5xx to our login or our
 * address is the operator's to mend, and 4xx passes (RFC 5321 §4.2.1): both are worth another attempt.
 */
function outcomeOf({ code, responseCode, command }: SmtpError): MailOutcome {
  const statusCode = responseCode ?? null
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    return { kind: 'failed', statusCode, reason: 'the mail server does not accept the login of the installation' }
  }
  if (responseCode === undefined) return { kind: 'failed', statusCode, reason: 'the mail server cannot be reached' }
  const reason = `the mail server answered ${responseCode}${command === undefined ? '' : ` to ${command}`}`
  const isFinal = responseCode >= 500 && ABOUT_THE_MESSAGE.includes(command ?? 'DATA')
  return { kind: isFinal ? 'refused' : 'failed', statusCode, reason }
}

/**
 * Whether the mail server takes addresses with other letters than ASCII (SMTPUTF8, RFC 6531), on a connection of its own:
 * the mail library would send such an address whether it is understood or not.
 */
function offersSmtpUtf8(options: ConstructorParameters<typeof SMTPConnection>[0], signal: AbortSignal) {
  signal.throwIfAborted()
  const connection = new SMTPConnection(options)
  const close = () => connection.close()
  signal.addEventListener('abort', close)
  return new Promise<boolean>((resolve, reject) => {
    connection.once('error', reject)
    connection.once('end', () => reject(new Error('the mail server closed the connection')))
    connection.connect((error) => {
      if (error) return reject(error)
      resolve(/[ -]SMTPUTF8\b/i.test(String(connection.lastServerResponse)))
      connection.quit()
    })
  }).finally(() => signal.removeEventListener('abort', close))
}

const NO_SMTP_UTF8 = 'the mail server takes only ASCII letters before the @ of an address: it does not offer SMTPUTF8'

/** Sends over the operator's SMTP server. One connection for each attempt, closed when `signal` aborts. */
export function openTransport({ url, from }: Smtp): SendMail {
  // Nothing of a message may name a file or an address for the mail library to read.
  const transport = createTransport({ url, disableFileAccess: true, disableUrlAccess: true })
  return async ({ mailId, to, ...content }, signal) => {
    try {
      const takesAll = !to.some(needsSmtpUtf8) || (await offersSmtpUtf8(transport.options, signal))
      const possible = takesAll ? to : to.filter((address) => !needsSmtpUtf8(address))
      if (possible.length === 0) return { kind: 'refused', statusCode: null, reason: NO_SMTP_UTF8 }
      const { rejected, response } = await transport.sendMail({
        ...content,
        from,
        to: possible.map((address) => ({ name: '', address })),
        messageId: messageIdOf(mailId, from),
        // RFC 3834: no automatic answers, please.
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      })
      const statusCode = Number.parseInt(response, 10) || null
      return { kind: 'sent', statusCode, refusedRecipients: rejected.length + to.length - possible.length }
    } catch (error) {
      signal.throwIfAborted()
      return outcomeOf(error as SmtpError)
    }
  }
}
