import type { Logger } from '../../kernel/logger.ts'
import { type Repetition, repeat } from '../../kernel/repeat.ts'
import type { Database } from '../../platform/database/index.ts'
import { backoffSeconds } from '../../platform/resilience/index.ts'
import type { Letters } from './letters.ts'
import { claimMails, deleteMail, type PostedMail, postponeMail } from './store.ts'
import type { SendMail } from './transport.ts'

const LOOK_EVERY_SECONDS = 1
const AT_ONCE = 8
/** Whoever stops the process waits for what is being sent, and has 25 s. */
const SEND_WITHIN_MS = 15_000
/** A process that died in the middle is not waited for longer. */
const LEASE_SECONDS = 60
const BACKOFF = { baseSeconds: 15, capSeconds: 900 }

const REASON = 'mail of all tenants, and of people, leaves through one server'

export type SendPostedOptions = {
  database: Database
  letters: Letters
  send: SendMail
  logger: Logger
  lookEverySeconds?: number
  /** 0 ≤ random < 1 */
  random?: () => number
}

/**
 * Sends what was posted, at least once, in every process that does this: a mail whose sender died is sent again, under the same
 * Message-ID. What cannot leave is tried again with a growing wait until it expires.
 */
export function sendPosted(options: SendPostedOptions): Repetition {
  const { database, letters, logger } = options
  return repeat({
    everySeconds: options.lookEverySeconds ?? LOOK_EVERY_SECONDS,
    work: async () => {
      const claim = { kinds: letters.kinds(), most: AT_ONCE, leaseSeconds: LEASE_SECONDS }
      const claimed = await database.acrossTenants(REASON, (tx) => claimMails(tx, claim))
      await Promise.all(claimed.map((mail) => sendOne(options, mail)))
      return claimed.length === AT_ONCE ? 'again' : undefined
    },
    onError: (err) => logger.warn({ err, component: 'mail' }, 'cannot look for mail to send; trying again'),
  })
}

/** Never rejects: what could not be sent or recorded is due again when its lease is over. */
async function sendOne(options: SendPostedOptions, mail: PostedMail): Promise<void> {
  const { database, logger, random = Math.random } = options
  const about = { component: 'mail', mail_id: mail.mailId, mail_kind: mail.kind }
  try {
    const result = await attempt(options, mail)
    await database.acrossTenants(REASON, async (tx) => {
      if (result.isDone) return deleteMail(tx, mail)
      await postponeMail(tx, mail, backoffSeconds(BACKOFF, mail.attempts, random()))
    })
    if (result.complaint !== undefined) logger.warn({ ...about, reason: result.complaint }, 'a mail did not leave')
  } catch (err) {
    logger.warn({ ...about, err }, 'a mail could not be written or recorded; it is tried again')
  }
}

async function attempt(
  { letters, send }: SendPostedOptions,
  mail: PostedMail,
): Promise<{ isDone: boolean; complaint?: string }> {
  if (mail.isOver) return { isDone: true, complaint: 'given up: it is too old' }
  const written = await letters.write(mail)
  if (!written) return { isDone: true }
  const timeout = AbortSignal.timeout(SEND_WITHIN_MS)
  const outcome = await send({ ...written, mailId: mail.mailId }, timeout).catch((error: unknown) => {
    if (!timeout.aborted) throw error
    return { kind: 'failed', reason: `no answer within ${SEND_WITHIN_MS / 1_000} s` } as const
  })
  if (outcome.kind === 'sent') return { isDone: true }
  return { isDone: outcome.kind === 'refused', complaint: outcome.reason }
}
