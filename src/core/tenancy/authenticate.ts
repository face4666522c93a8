import type { FastifyRequest } from 'fastify'
import { type Authenticate, type Caller, httpFault, unauthenticated } from '../../platform/http/index.ts'
import { keyCaller, operatorCaller, personCaller } from './callers.ts'
import { comesFromOwnPages } from './same-site.ts'
import { API_KEY_PREFIX, hashSecret, isSameSecret } from './secrets.ts'
import { usingApiKey } from './store/api-keys.ts'
import { tenantsOfPerson } from './store/memberships.ts'
import { findingTenant } from './store/tenants.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { isAccessToken } from './tokens/access-tokens.ts'

/** A token names its permissions. */
const AUTHORIZATION_LENGTH_MAX = 8_192
const COOKIE_LENGTH_MAX = 8_192
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const SESSION_COOKIE = /(^|;\s*)(__Secure-)?signalbox\.session_token=/

export type AuthenticateDependencies = Pick<
  TenancyContext,
  'database' | 'identity' | 'catalogue' | 'tokens' | 'trustedOrigins'
> & { adminToken: string | undefined }

/**
 * Finds the caller of a request: the operator, an API key, a token or a person's session, from `Authorization: Bearer`, or a
 * person's session from the cookie. Nothing is remembered here, so what is taken away is gone at the next
 * look-up. Whatever is wrong with the credentials, the answer is the same 401.
 */
export function authenticator(dependencies: AuthenticateDependencies): Authenticate {
  return async (request) => {
    const { authorization, cookie } = request.headers
    if (authorization !== undefined) return fromBearer(dependencies, authorization)
    if (cookie !== undefined && SESSION_COOKIE.test(cookie)) return fromCookie(dependencies, request, cookie)
    return null
  }
}

async function fromBearer(dependencies: AuthenticateDependencies, authorization: string): Promise<Caller> {
  if (authorization.length > AUTHORIZATION_LENGTH_MAX) throw unauthenticated('the Authorization header is too long')
  const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (token === undefined) throw unauthenticated('the Authorization header is not a bearer token')
  const { adminToken, database } = dependencies
  if (adminToken !== undefined && isSameSecret(token, adminToken)) {
    return operatorCaller(async (tenantId) => {
      const why = 'the operator belongs to no tenant'
      const [found] = await database.acrossTenantsAtOnce(why, [findingTenant(tenantId)])
      return found.length > 0
    })
  }
  if (token.startsWith(API_KEY_PREFIX)) return fromApiKey(dependencies, token)
  if (isAccessToken(token)) return dependencies.tokens.callerOf(token)
  return fromSession(dependencies, new Headers({ authorization }))
}

async function fromApiKey({ database, catalogue }: AuthenticateDependencies, secret: string): Promise<Caller> {
  const why = 'the key says which tenant it is for'
  const [[key]] = await database.acrossTenantsAtOnce(why, [usingApiKey(hashSecret(secret))])
  if (!key) throw unauthenticated('the API key is unknown, revoked or expired')
  return keyCaller(key, catalogue)
}

async function fromCookie(
  dependencies: AuthenticateDependencies,
  request: FastifyRequest,
  cookie: string,
): Promise<Caller> {
  if (cookie.length > COOKIE_LENGTH_MAX) throw unauthenticated('the Cookie header is too long')
  // No browser asks before it opens a WebSocket to another site, and what comes through it can be read there.
  const isSafe = SAFE_METHODS.has(request.method) && request.headers.upgrade === undefined
  if (!isSafe) demandOwnPages(request, dependencies.trustedOrigins)
  return fromSession(dependencies, new Headers({ cookie }))
}

async function fromSession({ database, identity, catalogue }: AuthenticateDependencies, headers: Headers) {
  const session = await identity.findSession(headers)
  if (!session) throw unauthenticated('the session is unknown or over')
  const { personId } = session.person
  const memberships = await database.readAcrossTenants('a person may belong to several tenants', (tx) =>
    tenantsOfPerson(tx, personId),
  )
  return personCaller(personId, memberships, catalogue, session.endsAt)
}

/** Throws 403 when a browser says that another site's page sent this request. */
export function demandOwnPages(request: FastifyRequest, trustedOrigins: ReadonlySet<string>): void {
  const { origin, 'sec-fetch-site': site } = request.headers
  const secFetchSite = Array.isArray(site) ? site[0] : site
  if (comesFromOwnPages({ origin, secFetchSite, host: request.host }, trustedOrigins)) return
  throw httpFault('http.cross_site', {
    public: 'This request came from a page of another site. Send an API key or a session token instead of the cookie.',
    internal: 'an unsafe request with a cookie came from a foreign page',
  })
}
