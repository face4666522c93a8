import { APIError, betterAuth } from 'better-auth'
import { type IdentityOptions, identityOptions } from './identity-options.ts'
import { type Person, toPerson } from './store/people.ts'

export type SignedIn = { person: Person; token: string; expiresAt: Date; setCookie: string[] }
/** Where a session was opened from, kept beside it. */
export type Device = {
  address: string
  userAgent: string
  /** The browser's cookie, by which it is known again, if it has one of ours. */
  device?: string | undefined
}

export const openAuth = (options: IdentityOptions) => betterAuth(identityOptions(options))
export type Auth = ReturnType<typeof openAuth>

/** What better-auth has just opened a session with; null when that session is over already. */
export async function openedSession(auth: Auth, headers: Headers): Promise<SignedIn | null> {
  const token = headers.get('set-auth-token')
  if (!token) return null
  const session = await auth.api.getSession({ headers: new Headers({ authorization: `Bearer ${token}` }) })
  if (!session) return null
  const setCookie = headers.getSetCookie()
  return { person: toPerson(session.user), token, expiresAt: session.session.expiresAt, setCookie }
}

/** What better-auth takes for where a request comes from, and for whose it is. */
export function headersOf({ address, userAgent }: Device, session: Headers = new Headers()): Headers {
  const headers = new Headers(session)
  headers.set('x-forwarded-for', address)
  headers.set('user-agent', userAgent)
  return headers
}

/** An answer of better-auth, or the code of one that says no and is named here. Everything else is thrown on. */
export async function answerOr<Answer, Code extends string>(
  asked: Promise<Answer>,
  codes: readonly Code[],
): Promise<{ answer: Answer } | { answer: null; code: Code }> {
  try {
    return { answer: await asked }
  } catch (error) {
    const code = error instanceof APIError ? codes.find((each) => each === error.body?.code) : undefined
    if (code === undefined) throw error
    return { answer: null, code }
  }
}
