import { declareFaults } from '../../kernel/faults.ts'

export const databaseFault = declareFaults({
  /** The database did not answer in time or is not there: the caller may try again. */
  'database.unavailable': 503,
})

/** Thrown at start: the database cannot be used by this program. The message is a sentence for the operator. */
export class UnusableDatabaseError extends Error {
  override readonly name = 'UnusableDatabaseError'
}

/** SQLSTATEs and system errors that say why no connection came about, in words for the operator. */
const CONNECTION_FAILURES: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'the host cannot be reached',
  '28P01': 'the password is wrong',
  '28000': 'it does not let this login in',
  '3D000': 'there is no such database',
  '53300': 'it has no connection left',
  '57P03': 'it is still starting up',
  '42501': 'this login may not act as the roles it needs',
}

/** The same error, as a sentence when it is a connection that failed; never with the address, which holds a password. */
export function explainConnectionFailure(error: unknown): unknown {
  const { code } = error as { code?: string }
  const reason = code === undefined ? undefined : CONNECTION_FAILURES[code]
  if (reason === undefined || error instanceof UnusableDatabaseError) return error
  return new UnusableDatabaseError(
    `The database cannot be used: ${reason} (${code}). Check DATABASE_URL and that PostgreSQL runs; unset it to use the embedded one.`,
    { cause: error },
  )
}
