import type { Logger } from '../../kernel/logger.ts'
import type { Repetition } from '../../kernel/repeat.ts'
import type { Database } from '../../platform/database/index.ts'
import type { Route } from '../../platform/http/index.ts'
import { type Letters, openLetters } from './letters.ts'
import { type Links, openLinks } from './links.ts'
import { mailRoutes } from './routes.ts'
import { sendPosted } from './send-posted.ts'
import { openTransport, type SendMail, type Smtp } from './transport.ts'

export type MailApi = {
  /** Makes one attempt; undefined where the operator has set up no mail server. */
  send: SendMail | undefined
  /** Declares a kind of mail and gives the way to post it. What is posted where there is no mail server never leaves. */
  declare: Letters['declare']
  /** Declares what somebody does with the secret of a mail, and gives what leads them there. */
  declareAction: Links['declareAction']
}

/** Mail over `smtp`, or none; its links begin with `publicUrl`. `start` sends what is posted, until it is stopped. */
export function openMail(options: {
  smtp: Smtp | undefined
  publicUrl: string | undefined
  database: Database
  logger: Logger
}): { api: MailApi; routes: Route[]; start: (() => Repetition) | undefined } {
  const { smtp, publicUrl, database, logger } = options
  const send = smtp && openTransport(smtp)
  const letters = openLetters()
  const links = openLinks(publicUrl)
  return {
    api: { send, declare: letters.declare, declareAction: links.declareAction },
    routes: mailRoutes(links),
    start: send && (() => sendPosted({ database, letters, send, logger })),
  }
}
