import { type Config, ConfigError } from '../../kernel/config.ts'
import { defineModule } from '../../platform/module/index.ts'
import type { RetentionByTable } from '../../platform/upkeep/index.ts'
import { type MailApi, openMail } from './open-mail.ts'
import { countMails } from './store.ts'
import type { Smtp } from './transport.ts'

export type { Letter, Post } from './letters.ts'
export type { LinkAction } from './link-action.ts'
export type { WriteLink } from './links.ts'
export { mailAddress } from './mail-address.ts'
export type { MailApi } from './open-mail.ts'
export { NO_TENANT } from './store.ts'
export { type Mail, type MailOutcome, openTransport, type SendMail, type Smtp } from './transport.ts'

export const mailRetention: RetentionByTable = {
  mails: {
    becomes: 'removed',
    what: 'mails that nobody has sent in time',
    why: 'What is sent is removed with it; what is left has a kind that no process knows, or no mail server to leave by.',
    days: 1 / 24,
    since: 'expires_at',
    scope: { of: 'all', key: ['tenant_id', 'mail_id'] },
  },
}

/** E-mail, over the operator's mail server: at once, or posted with what causes it and sent afterwards. */
export const mailModule = defineModule<MailApi>({
  name: 'core/mail',
  migrations: new URL('./migrations/', import.meta.url),
  retention: mailRetention,
  open: ({ config, database, logger }) => {
    const { api, routes, start } = openMail({
      ...{ smtp: smtpOf(config), publicUrl: config.SIGNALBOX_PUBLIC_URL },
      ...{ database, logger },
    })
    const why = 'mail of all tenants and of people lies in one table'
    const waiting = {
      name: 'signalbox_mails_waiting',
      help: 'Mails that have not left yet',
      read: () => database.readAcrossTenants(why, countMails),
    }
    return { api, routes, ...(start ? { starts: { worker: async () => ({ gauges: [waiting], ...start() }) } } : {}) }
  },
})

/** The mail server and the sender: one without the other would look set up and send nothing. */
function smtpOf({ SMTP_URL: url, MAIL_FROM: from }: Config): Smtp | undefined {
  if (url !== undefined && from !== undefined) return { url, from }
  if (url === undefined && from === undefined) return undefined
  throw new ConfigError('SMTP_URL and MAIL_FROM must be set together, or neither')
}
