import { type Kysely, sql } from 'kysely'
import type { DB } from '../../../platform/database/index.ts'

/** `isProven`: the owner of the e-mail address has shown that the account is theirs. */
export type Person = { personId: string; name: string; email: string; isProven: boolean; hasSecondFactor: boolean }

/** A session as its person sees it: where it was opened, not what opens it. */
export type SessionOfPerson = {
  sessionId: string
  createdAt: Date
  expiresAt: Date
  address: string | null
  userAgent: string | null
}

/** `after`: when the last one of the page before was opened, and its id. */
export type SessionPage = { after?: readonly [string, string] | undefined; limit: number }

/** The schema `identity`, as its own role sees it. */
type IdentityDatabase = Kysely<DB>

const people = (kysely: IdentityDatabase) =>
  kysely.selectFrom('identity.user').select(['id', 'name', 'email', 'email_verified', 'two_factor_enabled'])

export async function selectPersonByEmail(kysely: IdentityDatabase, email: string): Promise<Person | null> {
  const row = await people(kysely).where('email', '=', email.toLowerCase()).executeTakeFirst()
  return row ? fromRow(row) : null
}

/** Persons by id; who is not there is missing. */
export async function selectPersons(
  kysely: IdentityDatabase,
  personIds: readonly string[],
): Promise<Map<string, Person>> {
  if (personIds.length === 0) return new Map()
  const rows = await people(kysely)
    .where('id', 'in', [...personIds])
    .execute()
  return new Map(rows.map((row) => [row.id, fromRow(row)]))
}

/** The live sessions of a person, newest first, after `after`, one more than `limit`. */
export async function selectSessions(
  kysely: IdentityDatabase,
  personId: string,
  page: SessionPage,
): Promise<SessionOfPerson[]> {
  const rows = await kysely
    .selectFrom('identity.session')
    .select(['id', 'created_at', 'expires_at', 'ip_address', 'user_agent'])
    .where('user_id', '=', personId)
    .where('expires_at', '>', sql<Date>`now()`)
    .$if(page.after !== undefined, (query) =>
      query.where(sql<boolean>`(created_at, id) < (${page.after?.[0]}::timestamptz, ${page.after?.[1]}::uuid)`),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute()
  return rows.map((row) => ({
    ...{ sessionId: row.id, createdAt: row.created_at, expiresAt: row.expires_at },
    ...{ address: row.ip_address, userAgent: row.user_agent },
  }))
}

/** Ends sessions of a person: one, all but one, or all; returns how many there were. */
export async function deleteSessions(
  kysely: IdentityDatabase,
  personId: string,
  which: { sessionId?: string; exceptToken?: string } = {},
): Promise<number> {
  const { numDeletedRows } = await kysely
    .deleteFrom('identity.session')
    .where('user_id', '=', personId)
    .$if(which.sessionId !== undefined, (query) => query.where('id', '=', which.sessionId ?? ''))
    .$if(which.exceptToken !== undefined, (query) => query.where('token', '<>', which.exceptToken ?? ''))
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

/** Deletes sessions that are over, or links and codes, the oldest first and at most `limit`; returns how many. */
export async function deleteExpired(
  kysely: IdentityDatabase,
  what: 'session' | 'verification' | 'one_time_token',
  limit: number,
): Promise<number> {
  const table = sql.table(`identity.${what}`)
  const { numAffectedRows = 0n } = await sql`
    delete from ${table} where id in (
      select id from ${table} where expires_at < now() order by expires_at limit ${limit})`.execute(kysely)
  return Number(numAffectedRows)
}

/** Whether the password of a person is another one than at that moment. */
export async function passwordChangedAfter(kysely: IdentityDatabase, personId: string, moment: Date): Promise<boolean> {
  const row = await kysely
    .selectFrom('identity.account')
    .select('id')
    .where('user_id', '=', personId)
    .where('provider_id', '=', 'credential')
    .where('updated_at', '>', moment)
    .executeTakeFirst()
  return row !== undefined
}

/** Ends sign-ins that wait for a code. */
export async function deleteChallenges(kysely: IdentityDatabase, personId: string): Promise<void> {
  await sql`delete from identity.verification where value = ${personId}`.execute(kysely)
}

/** Removes the second factor of a person. In a transaction. */
export async function removeSecondFactor(tx: IdentityDatabase, personId: string): Promise<void> {
  await sql`delete from identity.two_factor where user_id = ${personId}`.execute(tx)
  await sql`update identity."user" set two_factor_enabled = false where id = ${personId}`.execute(tx)
}

function fromRow(row: {
  id: string
  name: string
  email: string
  email_verified: boolean
  two_factor_enabled: boolean
}): Person {
  const { id: personId, name, email, email_verified: isProven, two_factor_enabled: hasSecondFactor } = row
  return { personId, name, email, isProven, hasSecondFactor }
}

/** As better-auth has it. */
export function toPerson(user: {
  id: string
  name: string
  email: string
  emailVerified: boolean
  twoFactorEnabled?: boolean | null | undefined
}): Person {
  const { id: personId, name, email, emailVerified: isProven } = user
  return { personId, name, email, isProven, hasSecondFactor: user.twoFactorEnabled === true }
}
