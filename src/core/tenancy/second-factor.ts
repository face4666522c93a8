import type { Kysely } from 'kysely'
import type { DB } from '../../platform/database/index.ts'
import { type Auth, answerOr, type Device, headersOf, openedSession, type SignedIn } from './identity-auth.ts'
import { deleteSessions, passwordChangedAfter } from './store/people.ts'

/** Whose session a request about an account comes with, and from where. */
export type At = { session: Headers; device: Device }
export type Enrolment = { uri: string; recoveryCodes: string[] }

/** The second factor of better-auth: codes of an authenticator app, and recovery codes that work once each. */
export type SecondFactor = {
  /** The person who has shown the password that this challenge was given for; null when it is over. */
  personOfChallenge(challenge: string): Promise<string | null>
  /** Opens the session that a right password did not open yet; `over` when it takes another one. */
  answerChallenge(answer: { challenge: string; code: string }, device: Device): Promise<SignedIn | 'wrong' | 'over'>
  /** Makes a secret that counts once its first code was right; null when the password is wrong, `on` when one counts. */
  enrol(password: string, at: At): Promise<Enrolment | 'on' | null>
  /** From now on codes are asked for; ends all sessions and opens one. Null when the code is wrong or there is nothing to confirm. */
  confirm(code: string, at: At): Promise<SignedIn | null>
  /** Codes are not asked for any more; null when the password is wrong. */
  disable(password: string, at: At): Promise<SignedIn | null>
  /** New recovery codes; those before work no more. Null when the password is wrong, `off` when no codes are asked for. */
  renewRecoveryCodes(password: string, at: At): Promise<string[] | 'off' | null>
}

const WRONG_PASSWORD = 'INVALID_PASSWORD'
const WRONG = ['INVALID_CODE', 'INVALID_BACKUP_CODE'] as const
const OVER = [
  ...[
    'INVALID_TWO_FACTOR_COOKIE',
    'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
    'TOTP_NOT_ENABLED',
    'BACKUP_CODES_NOT_ENABLED',
  ],
] as const

const isOfApp = (code: string) => /^\d{6}$/.test(code)
/** A signed cookie: what it says, a dot, the signature. */
const identifierOf = (challenge: string) => challenge.split('.')[0] ?? ''

export function openSecondFactor(auth: Auth, kysely: Kysely<DB>): SecondFactor {
  const challengeOf = async (challenge: string) => {
    const { internalAdapter } = await auth.$context
    return internalAdapter.findVerificationValue(identifierOf(challenge))
  }

  return {
    personOfChallenge: async (challenge) => {
      const found = await challengeOf(challenge)
      return found && identifierOf(challenge).startsWith('2fa-') && found.expiresAt > new Date() ? found.value : null
    },

    answerChallenge: async ({ challenge, code }, device) => {
      const given = await challengeOf(challenge)
      if (!given) return 'over'
      const cookie = (await auth.$context).createAuthCookie('two_factor').name
      const headers = headersOf(device, new Headers({ cookie: `${cookie}=${encodeURIComponent(challenge)}` }))
      const request = { body: { code }, headers, returnHeaders: true } as const
      const verifying = isOfApp(code) ? auth.api.verifyTOTP(request) : auth.api.verifyBackupCode(request)
      const { answer, ...refused } = await answerOr(verifying, [...OVER, ...WRONG])
      if (!answer) return 'code' in refused && WRONG.some((each) => each === refused.code) ? 'wrong' : 'over'
      const signedIn = await openedSession(auth, answer.headers)
      if (!signedIn) return 'over'
      // The password that earned the challenge is another one by now.
      if (!(await passwordChangedAfter(kysely, signedIn.person.personId, given.createdAt))) return signedIn
      await auth.api.signOut({ headers: new Headers({ authorization: `Bearer ${signedIn.token}` }) })
      return 'over'
    },

    enrol: async (password, { session, device }) => {
      const request = { body: { password, method: 'totp' as const }, headers: headersOf(device, session) }
      const { answer, ...refused } = await answerOr(auth.api.enableTwoFactor(request), [
        WRONG_PASSWORD,
        'TOTP_ALREADY_ENABLED',
      ])
      if (!answer) return 'code' in refused && refused.code === WRONG_PASSWORD ? null : 'on'
      if (answer.method !== 'totp') throw new Error('another second factor was enrolled than the one asked for')
      return { uri: answer.totpURI, recoveryCodes: answer.backupCodes }
    },

    confirm: async (code, { session, device }) => {
      const request = { body: { code }, headers: headersOf(device, session), returnHeaders: true } as const
      const { answer } = await answerOr(auth.api.verifyTOTP(request), ['INVALID_CODE', 'TOTP_NOT_ENABLED'])
      const signedIn = answer && (await openedSession(auth, answer.headers))
      if (!signedIn) return null
      // Sessions that were opened with the password alone.
      await deleteSessions(kysely, signedIn.person.personId, { exceptToken: identifierOf(signedIn.token) })
      return signedIn
    },

    disable: async (password, { session, device }) => {
      const request = { body: { password }, headers: headersOf(device, session), returnHeaders: true } as const
      const { answer } = await answerOr(auth.api.disableTwoFactor(request), [WRONG_PASSWORD])
      return answer && openedSession(auth, answer.headers)
    },

    renewRecoveryCodes: async (password, { session, device }) => {
      const request = { body: { password }, headers: headersOf(device, session) }
      const { answer, ...refused } = await answerOr(auth.api.generateBackupCodes(request), [
        WRONG_PASSWORD,
        'TWO_FACTOR_NOT_ENABLED',
      ])
      if (answer) return answer.backupCodes
      return 'code' in refused && refused.code === WRONG_PASSWORD ? null : 'off'
    },
  }
}

/** The challenge among the cookies that better-auth answers a right password with. */
export function challengeIn(headers: Headers): string | undefined {
  const cookies = headers.getSetCookie().map((cookie) => /^[^=]*\.two_factor=([^;]+)/.exec(cookie)?.[1])
  const found = cookies.find((value) => value !== undefined && value !== '')
  return found === undefined ? undefined : decodeURIComponent(found)
}
