import { z } from 'zod'
import { platformRoute, type Route, reply } from '../../platform/http/index.ts'
import { demandOwnPages } from './authenticate.ts'
import { describeCaller } from './describe-caller.ts'
import { EmailField, Moment, PasswordField, RoleField } from './fields.ts'
import {
  deviceOf,
  PersonAnswer,
  presentPerson,
  presentSignedIn,
  SignedInAnswer,
  sessionHeaders,
} from './session-view.ts'
import { signIn } from './sign-in.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { bearerOf } from './tokens/bearer-of.ts'
import { revokeTokens } from './tokens/end-tokens.ts'

export const ChallengeAnswer = z
  .strictObject({
    challenge: z.string().meta({ description: 'Send it with a code to `POST /auth/sign-in/second-factor`' }),
    expires_at: Moment,
  })
  .meta({ id: 'SignInChallenge' })

const SessionAnswer = z.strictObject({
  kind: z.enum(['operator', 'person', 'key']),
  person: PersonAnswer.nullable(),
  tenants: z
    .array(
      z.strictObject({
        tenant_id: z.string(),
        name: z.string(),
        role: RoleField.nullable().meta({ description: 'null for an API key' }),
        permissions: z.array(z.string()),
      }),
    )
    .meta({ description: 'Empty for the operator, who may act in every tenant' }),
})

const tag = 'Sessions'

export function sessionRoutes(context: TenancyContext): Route[] {
  return [
    platformRoute({
      operationId: 'signIn',
      method: 'POST',
      path: '/auth/sign-in',
      summary: 'Open a session, or be asked for the code of a second factor (202)',
      tag,
      access: 'public',
      body: z.strictObject({ email: EmailField, password: PasswordField }),
      responses: { 200: SignedInAnswer, 202: ChallengeAnswer },
      handle: async ({ body, request }) => {
        demandOwnPages(request, context.trustedOrigins)
        const outcome = await signIn(context, body, deviceOf(request))
        if (!('challenge' in outcome)) return presentSignedIn(outcome)
        return reply(202, { challenge: outcome.challenge, expires_at: outcome.expiresAt.toISOString() })
      },
    }),
    platformRoute({
      operationId: 'signOut',
      method: 'POST',
      path: '/auth/sign-out',
      summary: 'End this session',
      tag,
      access: 'signed-in',
      responses: { 204: z.undefined() },
      handle: async ({ caller, request }) => {
        if (caller?.personId === undefined) {
          // API keys and the operator's token are no sessions; there is nothing to end. A token of a program is.
          await revokeTokens(context, bearerOf(request) ?? '')
          return reply(204)
        }
        return reply(204, undefined, { 'set-cookie': await context.identity.signOut(sessionHeaders(request)) })
      },
    }),
    platformRoute({
      operationId: 'describeCaller',
      method: 'GET',
      path: '/auth/session',
      summary: 'Show who is calling and what they may do',
      tag,
      access: 'signed-in',
      responses: { 200: SessionAnswer },
      handle: async ({ caller }) => {
        if (!caller) throw new Error('a signed-in route was called by nobody')
        const { kind, person, tenants } = await describeCaller(context, caller)
        return reply(200, {
          kind,
          person: person && presentPerson(person),
          tenants: tenants.map(({ tenantId, ...tenant }) => ({ tenant_id: tenantId, ...tenant })),
        })
      },
    }),
  ]
}
