import type { FastifyRequest } from 'fastify'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Authenticate, httpFault, unauthenticated } from '../../../platform/http/index.ts'
import { personCaller } from '../callers.ts'
import type { Challenge, Device } from '../identity.ts'
import { answerChallenge, signIn, type Welcome } from '../sign-in.ts'
import type { TenancyContext } from '../tenancy-context.ts'
import { isAccessToken } from './access-tokens.ts'
import { bearerOf } from './bearer-of.ts'
import { exchange, type IssuedTokens } from './issue-tokens.ts'

export type Wish = { tenantId?: TenantId | undefined; permissions?: readonly string[] | undefined; now: Date }
/** What opens a session: a password, or the code that was asked for besides. */
export type Credentials = { email: string; password: string } | { challenge: string; code: string }

/**
 * Exchanges what a request came with: an API key or a session.
 *
 * @throws http.unauthenticated, http.forbidden for a token and for the operator, and what `exchange` throws
 */
export async function exchangeRequest(
  context: TenancyContext & { authenticate: Authenticate },
  request: FastifyRequest,
  wish: Wish,
): Promise<IssuedTokens> {
  // It would outlive what it came from: tokens are renewed with their refresh token.
  if (isAccessToken(bearerOf(request) ?? '')) {
    throw httpFault('http.forbidden', {
      public: 'A token is not exchanged for another one. Send its refresh token to POST /auth/token/refresh.',
      internal: 'a token was sent to be exchanged',
    })
  }
  const caller = await context.authenticate(request)
  if (!caller) throw unauthenticated('no credentials to exchange')
  if (caller.id.startsWith('key:')) return exchange(context, { ...wish, caller })
  if (caller.personId === undefined) {
    throw httpFault('http.forbidden', {
      public: 'Tokens are for people and API keys of a tenant. Make an API key and exchange that.',
      internal: `${caller.id} belongs to no tenant`,
    })
  }
  const { authorization, cookie = '' } = request.headers
  const session = await context.identity.findSession(
    new Headers(authorization === undefined ? { cookie } : { authorization }),
  )
  if (!session) throw unauthenticated('the session ended while it was exchanged')
  return exchange(context, { ...wish, caller, session: { sessionId: session.sessionId, isOwn: false } })
}

/**
 * Signs somebody in, by the same door as everybody, and exchanges the session that this opens: it is listed among theirs, and
 * ending it ends the tokens. Answers a challenge where a code is asked for besides.
 *
 * @throws what `signIn`, `answerChallenge` and `exchange` throw
 */
export async function exchangeCredentials(
  context: TenancyContext,
  { credentials, device }: { credentials: Credentials; device: Device },
  wish: Wish,
): Promise<IssuedTokens | Challenge> {
  const outcome =
    'email' in credentials
      ? await signIn(context, credentials, device)
      : await answerChallenge(context, credentials, device)
  if (!('token' in outcome)) return outcome
  return exchangeOwn(context, outcome, wish)
}

async function exchangeOwn(context: TenancyContext, signedIn: Welcome, wish: Wish): Promise<IssuedTokens> {
  const { identity, catalogue } = context
  const { personId } = signedIn.person
  const headers = new Headers({ authorization: `Bearer ${signedIn.token}` })
  const session = await identity.findSession(headers)
  if (!session) throw unauthenticated('the session ended while it was exchanged')
  const caller = personCaller(personId, signedIn.tenants, catalogue, session.endsAt)
  try {
    return await exchange(context, { ...wish, caller, session: { sessionId: session.sessionId, isOwn: true } })
  } catch (error) {
    // Nobody else knows of it.
    await identity.endSessions(personId, { sessionId: session.sessionId })
    throw error
  }
}
