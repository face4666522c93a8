import { APIError, betterAuth } from 'better-auth'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { Logger } from '../../kernel/logger.ts'
import { type DB, openPool, type PoolUse, poolUse, ROLES } from '../../platform/database/index.ts'
import { identityOptions } from './identity-options.ts'

export type Person = { personId: string; name: string; email: string }
export type SignedIn = { person: Person; token: string; expiresAt: Date; setCookie: string[] }
/** Where a session was opened from, kept beside it. */
export type Device = { address: string; userAgent: string }

/** People, their passwords and their sessions. The one place that talks to better-auth and to the schema `identity`. */
export type Identity = {
  /** The new person, or null when the e-mail address has an account already. Costs one password hash. */
  createPerson(person: { name: string; email: string; password: string }): Promise<Person | null>
  findByEmail(email: string): Promise<Person | null>
  /** Persons by id; who is not there is missing. */
  findByIds(personIds: readonly string[]): Promise<Map<string, Person>>
  /** The person whose password this is. Takes as long for an unknown address as for a wrong password. */
  checkPassword(credentials: { email: string; password: string }): Promise<Person | null>
  /** Opens a session, or null. Takes as long for an unknown address as for a wrong password. */
  signIn(credentials: { email: string; password: string }, device: Device): Promise<SignedIn | null>
  /** The person of a live session, from the `authorization` or `cookie` header. */
  findSession(headers: Headers): Promise<{ person: Person; endsAt: Date } | null>
  /** Ends the session; returns the cookies that clear it. */
  signOut(headers: Headers): Promise<string[]>
  /** Deletes sessions that are over; returns how many. */
  forgetExpiredSessions(): Promise<number>
  poolUse(): PoolUse
  close(): Promise<void>
}

export type IdentityDependencies = {
  databaseUrl: string
  poolSize: number
  secret: string
  publicUrl: string
  logger: Logger
}

export function openIdentity(dependencies: IdentityDependencies): Identity {
  const { databaseUrl, poolSize, logger } = dependencies
  const pool = openPool({ url: databaseUrl, role: ROLES.identity, max: poolSize, logger })
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  const auth = betterAuth(identityOptions({ ...dependencies, kysely }))
  const people = () => kysely.selectFrom('identity.user').select(['id', 'name', 'email'])

  const findByEmail = async (email: string) => {
    const row = await people().where('email', '=', email.toLowerCase()).executeTakeFirst()
    return row ? toPerson(row) : null
  }

  let closing: Promise<void> | undefined
  return {
    findByEmail,

    findByIds: async (personIds) => {
      if (personIds.length === 0) return new Map()
      const rows = await people()
        .where('id', 'in', [...personIds])
        .execute()
      return new Map(rows.map((row) => [row.id, toPerson(row)]))
    },

    createPerson: async (body) => {
      // better-auth answers for a taken address with a made-up person, and with an error when two sign up at once.
      const answer = await auth.api.signUpEmail({ body }).catch((error: unknown) => ({ error }))
      const stored = await findByEmail(body.email)
      if ('error' in answer) {
        if (stored && answer.error instanceof APIError) return null
        throw answer.error
      }
      return stored?.personId === answer.user.id ? stored : null
    },

    checkPassword: async ({ email, password }) => {
      const { internalAdapter, password: hashing } = await auth.$context
      const found = await internalAdapter.findUserByEmail(email.toLowerCase(), { includeAccounts: true })
      const hash = found?.accounts.find(({ providerId }) => providerId === 'credential')?.password
      if (!found || !hash) {
        await hashing.hash(password)
        return null
      }
      return (await hashing.verify({ hash, password })) ? toPerson(found.user) : null
    },

    signIn: async (body, device) => {
      const headers = new Headers({ 'x-forwarded-for': device.address, 'user-agent': device.userAgent })
      const answer = await auth.api.signInEmail({ body, headers, returnHeaders: true }).catch((error: unknown) => {
        if (error instanceof APIError && error.statusCode === 401) return null
        throw error
      })
      const token = answer?.headers.get('set-auth-token')
      if (!answer || !token) return null
      const session = await auth.api.getSession({ headers: new Headers({ authorization: `Bearer ${token}` }) })
      if (!session) return null
      const setCookie = answer.headers.getSetCookie()
      return { person: toPerson(session.user), token, expiresAt: session.session.expiresAt, setCookie }
    },

    findSession: async (headers) => {
      const session = await auth.api.getSession({ headers })
      return session ? { person: toPerson(session.user), endsAt: session.session.expiresAt } : null
    },

    signOut: async (headers) => {
      const answer = await auth.api.signOut({ headers, returnHeaders: true })
      return answer.headers.getSetCookie()
    },

    forgetExpiredSessions: async () => {
      const { numDeletedRows } = await kysely
        .deleteFrom('identity.session')
        .where('expires_at', '<', sql<Date>`now()`)
        .executeTakeFirstOrThrow()
      return Number(numDeletedRows)
    },

    poolUse: () => poolUse(pool),

    close: () => (closing ??= kysely.destroy()),
  }
}

function toPerson(user: { id: string; name: string; email: string }): Person {
  return { personId: user.id, name: user.name, email: user.email }
}
