import { z } from 'zod'
import { type Authenticate, platformRoute, type Route, reply, TenantIdField } from '../../../platform/http/index.ts'
import { demandOwnPages } from '../authenticate.ts'
import { EmailField, Moment, PasswordField } from '../fields.ts'
import { CodeField } from '../second-factor-routes.ts'
import { ChallengeAnswer } from '../session-routes.ts'
import { deviceOf } from '../session-view.ts'
import type { TenancyContext } from '../tenancy-context.ts'
import { refreshTokensOf, revokeTokens } from './end-tokens.ts'
import { exchangeCredentials, exchangeRequest } from './exchange-credentials.ts'
import type { IssuedTokens } from './issue-tokens.ts'

const wish = {
  tenant_id: TenantIdField.optional().meta({ description: 'Needed by who belongs to several' }),
  permissions: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Some of yours; without it all that you have whenever the token is renewed' }),
}
const Exchange = z.discriminatedUnion('grant', [
  z.strictObject({ grant: z.literal('credentials'), ...wish }),
  z.strictObject({ grant: z.literal('password'), email: EmailField, password: PasswordField, ...wish }),
  z.strictObject({
    grant: z.literal('second_factor'),
    challenge: z.string().min(1).max(300),
    code: CodeField,
    ...wish,
  }),
])
const TokensAnswer = z
  .strictObject({
    access_token: z.string().meta({ description: 'A JWT; send it as `Authorization: Bearer …`' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds that the access token is good for' }),
    expires_at: Moment,
    refresh_token: z.string().meta({ description: 'Good once, for the next pair; used twice, it ends all of them' }),
    refresh_expires_at: Moment,
    tenant_id: z.string(),
    permissions: z.array(z.string()),
  })
  .meta({ id: 'Tokens' })
const KeySet = z.strictObject({
  keys: z.array(
    z.strictObject({
      ...{ kty: z.string(), crv: z.string(), x: z.string(), y: z.string(), kid: z.string(), alg: z.string() },
      use: z.literal('sig'),
    }),
  ),
})
const tag = 'Tokens'
/** A refresh token has 90 characters; an access token names its permissions. */
const RefreshField = z.string().min(1).max(200)
const AnyToken = z.string().min(1).max(8_192)

/** Tokens for programs. */
export function tokenRoutes(context: TenancyContext & { authenticate: Authenticate }): Route[] {
  return [
    platformRoute({
      operationId: 'exchangeToken',
      method: 'POST',
      path: '/auth/token',
      summary: 'Exchange an API key, a session or a password for a token of 15 minutes, or be asked for a code (202)',
      tag,
      access: 'public',
      answer: 'secret',
      body: Exchange,
      responses: { 200: TokensAnswer, 202: ChallengeAnswer },
      handle: async ({ body, request }) => {
        const wish = { tenantId: body.tenant_id, permissions: body.permissions, now: new Date() }
        if (body.grant === 'credentials') return present(await exchangeRequest(context, request, wish), wish.now)
        demandOwnPages(request, context.trustedOrigins)
        const outcome = await exchangeCredentials(context, { credentials: body, device: deviceOf(request) }, wish)
        if (!('challenge' in outcome)) return present(outcome, wish.now)
        return reply(202, { challenge: outcome.challenge, expires_at: outcome.expiresAt.toISOString() })
      },
    }),
    platformRoute({
      operationId: 'refreshToken',
      method: 'POST',
      path: '/auth/token/refresh',
      summary: 'Exchange a refresh token for the next pair; used a second time, it ends all that came from it',
      tag,
      access: 'public',
      answer: 'secret',
      body: z.strictObject({ refresh_token: RefreshField }),
      responses: { 200: TokensAnswer },
      handle: async ({ body }) => {
        const now = new Date()
        return present(await refreshTokensOf(context, body.refresh_token, now), now)
      },
    }),
    platformRoute({
      operationId: 'revokeToken',
      method: 'POST',
      path: '/auth/token/revoke',
      summary: 'End a refresh or access token, and all that came from the same exchange',
      tag,
      access: 'public',
      body: z.strictObject({ token: AnyToken }),
      responses: { 204: z.undefined() },
      handle: async ({ body }) => {
        await revokeTokens(context, body.token)
        return reply(204)
      },
    }),
    platformRoute({
      operationId: 'listSigningKeys',
      method: 'GET',
      path: '/.well-known/jwks.json',
      summary: 'The public keys that tokens are checked with (RFC 7517)',
      tag,
      access: 'public',
      responses: { 200: KeySet },
      handle: async () =>
        reply(200, { keys: await context.tokens.keys.published() }, { 'cache-control': 'public, max-age=300' }),
    }),
    platformRoute({
      operationId: 'replaceSigningKeys',
      method: 'POST',
      path: '/operator/signing-keys/replace',
      summary: 'Take all keys that sign tokens away, as after a theft: every token that is out ends within ten seconds',
      tag,
      access: 'operator',
      responses: { 204: z.undefined() },
      handle: async () => {
        await context.tokens.keys.replaceAll()
        return reply(204)
      },
    }),
  ]
}

function present(tokens: IssuedTokens, now: Date) {
  const answer = {
    access_token: tokens.accessToken,
    token_type: 'Bearer' as const,
    expires_in: Math.floor((tokens.expiresAt.getTime() - now.getTime()) / 1_000),
    expires_at: tokens.expiresAt.toISOString(),
    refresh_token: tokens.refreshToken,
    refresh_expires_at: tokens.refreshExpiresAt.toISOString(),
    tenant_id: tokens.tenantId,
    permissions: tokens.permissions,
  }
  return reply(200, answer, { 'cache-control': 'no-store' })
}
