import { APIError } from 'better-auth'
import { Kysely, PostgresDialect } from 'kysely'
import type { Logger } from '../../kernel/logger.ts'
import { type DB, openPool, type PoolUse, poolUse, ROLES } from '../../platform/database/index.ts'
import { answerOr, type Device, headersOf, openAuth, openedSession, type SignedIn } from './identity-auth.ts'
import { CHALLENGE_MINUTES } from './identity-options.ts'
import { hashOfAddress, hashOfDevice, type Known } from './known-device.ts'
import { type At, challengeIn, openSecondFactor, type SecondFactor } from './second-factor.ts'
import { hashSecret } from './secrets.ts'
import { deleteUnseen, noteKnown, selectKnown } from './store/known-devices.ts'
import { hasOneTimeToken, proveAddress, renewOneTimeToken, resetPassword, setProven } from './store/one-time-tokens.ts'
import {
  deleteChallenges,
  deleteExpired,
  deleteSessions,
  type Person,
  passwordChangedAfter,
  type SessionOfPerson,
  type SessionPage,
  selectPersonByEmail,
  selectPersons,
  selectSessions,
  toPerson,
} from './store/people.ts'
import { type SigningKeyStore, signingKeyStore } from './store/signing-keys.ts'

export type { Device, SignedIn } from './identity-auth.ts'
export type { Person, SessionOfPerson } from './store/people.ts'

/** What a right password is answered with when a code is asked for besides. */
export type Challenge = { challenge: string; expiresAt: Date }
export type LiveSession = { person: Person; sessionId: string; endsAt: Date }

/** People, their passwords and their sessions. The one place that talks to better-auth and to the schema `identity`. */
export type Identity = {
  /** The new person, or null when the e-mail address has an account already. Costs one password hash. */
  createPerson(person: { name: string; email: string; password: string; isProven: boolean }): Promise<Person | null>
  findByEmail(email: string): Promise<Person | null>
  /** Persons by id; who is not there is missing. */
  findByIds(personIds: readonly string[]): Promise<Map<string, Person>>
  /** The person whose password this is. Takes as long for an unknown address as for a wrong password. */
  checkPassword(credentials: { email: string; password: string }): Promise<Person | null>
  /**
   * Opens a session, gives a challenge to whoever has a second factor, or null. Takes as long for an unknown address as for a
   * wrong password.
   */
  signIn(credentials: { email: string; password: string }, device: Device): Promise<SignedIn | Challenge | null>
  /** Codes that are asked for besides the password. */
  secondFactor: SecondFactor
  /** The keys that sign tokens, sealed. */
  signingKeys: SigningKeyStore
  /** A live session, from the `authorization` or `cookie` header. */
  findSession(headers: Headers): Promise<LiveSession | null>
  /** Ends the session; returns the cookies that clear it. */
  signOut(headers: Headers): Promise<string[]>
  /**
   * Replaces the password of whose session it is, ends all their sessions and opens one in the place of this one; null when the
   * current password is wrong.
   */
  changePassword(passwords: { currentPassword: string; newPassword: string }, at: At): Promise<SignedIn | null>
  /** The live sessions of a person, newest first, one more than `limit`. */
  listSessions(personId: string, page: SessionPage): Promise<SessionOfPerson[]>
  /** Ends one session of a person, or all of them; returns how many there were. */
  endSessions(personId: string, which?: { sessionId?: string }): Promise<number>
  /** Makes a link's token the only one of its purpose that a person has; returns when it ends. */
  renewToken(token: Parameters<typeof renewOneTimeToken>[1]): Promise<Date>
  /** Sets a password with a token, ends all sessions and takes the address for proven; null when the token does not hold. */
  resetPassword(reset: { token: string; newPassword: string }): Promise<string | null>
  /** Takes the address of a person for proven with a token; false when it does not hold. */
  proveAddress(proof: { personId: string; token: string }): Promise<boolean>
  setProven(personId: string): Promise<void>
  /** Whether the account of an e-mail address was signed in to from there before; null too when there is no such account. */
  isKnown(place: { email: string; address: string; device?: string | undefined }): Promise<Known>
  /** Notes that a person signs in from there. */
  becomeKnown(personId: string, place: { address: string; device: string }): Promise<void>
  /** Deletes sessions that are over, at most `limit`; returns how many. */
  forgetSessions(limit: number): Promise<number>
  /** The same for links and codes that have expired. */
  forgetVerifications(limit: number): Promise<number>
  /** The same for links that were mailed or handed over. */
  forgetTokens(limit: number): Promise<number>
  /** The same for places where nobody has signed in for long. */
  forgetDevices(limit: number): Promise<number>
  poolUse(): PoolUse
  close(): Promise<void>
}

export type IdentityDependencies = {
  databaseUrl: string
  poolSize: number
  /** The first signs and encrypts; what the others have encrypted can still be read. */
  secrets: readonly string[]
  publicUrl: string
  logger: Logger
}

export function openIdentity(dependencies: IdentityDependencies): Identity {
  const { databaseUrl, poolSize, logger } = dependencies
  const pool = openPool({ url: databaseUrl, role: ROLES.identity, max: poolSize, logger })
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  const auth = openAuth({ ...dependencies, kysely })
  const findByEmail = (email: string) => selectPersonByEmail(kysely, email)

  let closing: Promise<void> | undefined
  return {
    findByEmail,
    secondFactor: openSecondFactor(auth, kysely),
    signingKeys: signingKeyStore(kysely),
    findByIds: (personIds) => selectPersons(kysely, personIds),

    createPerson: async ({ isProven, ...body }) => {
      // better-auth answers for a taken address with a made-up person, and with an error when two sign up at once.
      const answer = await auth.api.signUpEmail({ body }).catch((error: unknown) => ({ error }))
      const stored = await findByEmail(body.email)
      if ('error' in answer) {
        if (stored && answer.error instanceof APIError) return null
        throw answer.error
      }
      if (stored?.personId !== answer.user.id) return null
      if (isProven) await setProven(kysely, stored.personId)
      return { ...stored, isProven }
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
      const startedAt = new Date()
      const request = { body, headers: headersOf(device), returnHeaders: true } as const
      const { answer } = await answerOr(auth.api.signInEmail(request), ['INVALID_EMAIL_OR_PASSWORD'])
      if (!answer) return null
      const challenge = challengeIn(answer.headers)
      if (challenge !== undefined)
        return { challenge, expiresAt: new Date(startedAt.getTime() + CHALLENGE_MINUTES * 60_000) }
      const signedIn = await openedSession(auth, answer.headers)
      if (!signedIn) return null
      // The password was changed after it was compared: whoever changed it ended all sessions, but not this one yet.
      if (!(await passwordChangedAfter(kysely, signedIn.person.personId, startedAt))) return signedIn
      await auth.api.signOut({ headers: new Headers({ authorization: `Bearer ${signedIn.token}` }) })
      return null
    },

    findSession: async (headers) => {
      const found = await auth.api.getSession({ headers })
      return found
        ? { person: toPerson(found.user), sessionId: found.session.id, endsAt: found.session.expiresAt }
        : null
    },

    signOut: async (headers) => {
      const answer = await auth.api.signOut({ headers, returnHeaders: true })
      return answer.headers.getSetCookie()
    },

    changePassword: async ({ currentPassword, newPassword }, { session, device }) => {
      const body = { currentPassword, newPassword, revokeOtherSessions: true }
      const request = { body, headers: headersOf(device, session), returnHeaders: true } as const
      const { answer } = await answerOr(auth.api.changePassword(request), ['INVALID_PASSWORD'])
      const signedIn = answer && (await openedSession(auth, answer.headers))
      // What the old password has earned and no code has answered yet.
      if (signedIn) await deleteChallenges(kysely, signedIn.person.personId)
      return signedIn
    },

    forgetSessions: (limit) => deleteExpired(kysely, 'session', limit),
    forgetVerifications: (limit) => deleteExpired(kysely, 'verification', limit),

    listSessions: (personId, page) => selectSessions(kysely, personId, page),
    endSessions: (personId, which) => deleteSessions(kysely, personId, which),

    renewToken: (token) => renewOneTimeToken(kysely, token),
    resetPassword: async ({ token, newPassword }) => {
      const tokenHash = hashSecret(token)
      // A made-up token must not cost the hash of a password.
      if (!(await hasOneTimeToken(kysely, 'reset_password', tokenHash))) return null
      const passwordHash = await (await auth.$context).password.hash(newPassword)
      return resetPassword(kysely, { tokenHash, passwordHash })
    },
    proveAddress: ({ personId, token }) => proveAddress(kysely, personId, hashSecret(token)),
    setProven: (personId) => setProven(kysely, personId),
    forgetTokens: (limit) => deleteExpired(kysely, 'one_time_token', limit),

    isKnown: async ({ email, address, device }) => {
      const [byAddress, byDevice] = [hashOfAddress(address), device === undefined ? undefined : hashOfDevice(device)]
      const known = await selectKnown(kysely, email, byDevice ? [byAddress, byDevice] : [byAddress])
      if (byDevice && known.some((hash) => hash.equals(byDevice))) return 'device'
      return known.length > 0 ? 'address' : null
    },
    becomeKnown: (personId, { address, device }) =>
      noteKnown(kysely, personId, [hashOfAddress(address), hashOfDevice(device)]),
    forgetDevices: (limit) => deleteUnseen(kysely, limit),

    poolUse: () => poolUse(pool),

    close: () => (closing ??= kysely.destroy()),
  }
}
