import { declareFaults } from '../../kernel/faults.ts'

export const databaseFault = declareFaults({
  /** The database did not answer in time or is not there: the caller may try again. */
  'database.unavailable': 503,
})

/** Thrown at start: the database cannot be used by this program. The message is a sentence for the operator. */
export class UnusableDatabaseError extends Error {
  override readonly name = 'UnusableDatabaseError'
}
