import { type Config, ConfigError } from '../../kernel/config.ts'
import { defineModule } from '../../platform/module/index.ts'
import { openTransport, type SendMail, type Smtp } from './transport.ts'

export { mailAddress } from './mail-address.ts'
export { type Mail, type MailOutcome, openTransport, type SendMail, type Smtp } from './transport.ts'

export type MailApi = {
  /** Makes one attempt; undefined where the operator has set up no mail server. */
  send: SendMail | undefined
}

/** E-mail, over the operator's mail server. */
export const mailModule = defineModule<MailApi>({
  name: 'core/mail',
  open: ({ config }) => {
    const smtp = smtpOf(config)
    return { api: { send: smtp && openTransport(smtp) } }
  },
})

/** The mail server and the sender: one without the other would look set up and send nothing. */
function smtpOf({ SMTP_URL: url, MAIL_FROM: from }: Config): Smtp | undefined {
  if (url !== undefined && from !== undefined) return { url, from }
  if (url === undefined && from === undefined) return undefined
  throw new ConfigError('SMTP_URL and MAIL_FROM must be set together, or neither')
}
