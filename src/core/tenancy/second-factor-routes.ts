import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { personRoute, platformRoute, type Route, reply } from '../../platform/http/index.ts'
import { demandOwnPages } from './authenticate.ts'
import {
  confirmSecondFactor,
  disableSecondFactor,
  enrolSecondFactor,
  renewRecoveryCodes,
} from './change-second-factor.ts'
import { PasswordField } from './fields.ts'
import { deviceOf, presentSignedIn, SignedInAnswer, sessionHeaders } from './session-view.ts'
import { answerChallenge } from './sign-in.ts'
import type { TenancyContext } from './tenancy-context.ts'

export const CodeField = z
  .string()
  .trim()
  .min(6)
  .max(20)
  .meta({ description: 'Of the authenticator app, or a recovery code' })
const WithPassword = z.strictObject({ password: PasswordField })
const RecoveryCodes = z
  .array(z.string())
  .meta({ description: 'Each opens one session in place of the app; shown only here' })

const tag = 'Second factor'

export function secondFactorRoutes(context: TenancyContext): Route[] {
  const whoOf = (request: FastifyRequest, personId: string) => ({
    ...{ personId, session: sessionHeaders(request), device: deviceOf(request) },
  })
  return [
    platformRoute({
      operationId: 'answerSignInChallenge',
      method: 'POST',
      path: '/auth/sign-in/second-factor',
      summary: 'Open the session that waits for a code',
      tag,
      access: 'public',
      answer: 'secret',
      body: z.strictObject({ challenge: z.string().min(1).max(300), code: CodeField }),
      responses: { 200: SignedInAnswer },
      handle: async ({ body, request }) => {
        demandOwnPages(request, context.trustedOrigins)
        return presentSignedIn(await answerChallenge(context, body, deviceOf(request)))
      },
    }),
    personRoute({
      operationId: 'enrolSecondFactor',
      method: 'POST',
      path: '/auth/second-factor',
      summary: 'Make a secret for your authenticator app; it counts once it is confirmed with a code',
      tag,
      answer: 'secret',
      body: WithPassword,
      responses: {
        201: z.strictObject({
          uri: z.string().meta({ description: 'otpauth://…, for the app to scan; shown only here' }),
          recovery_codes: RecoveryCodes,
        }),
      },
      handle: async ({ body, personId, request }) => {
        const { uri, recoveryCodes } = await enrolSecondFactor(context, body.password, whoOf(request, personId))
        return reply(201, { uri, recovery_codes: recoveryCodes })
      },
    }),
    personRoute({
      operationId: 'confirmSecondFactor',
      method: 'POST',
      path: '/auth/second-factor/confirm',
      summary: 'Have sign-in ask for codes from now on; your other sessions end, and this one gets a new token',
      tag,
      answer: 'secret',
      body: z.strictObject({ code: CodeField }),
      responses: { 200: SignedInAnswer },
      handle: async ({ body, personId, request }) =>
        presentSignedIn(await confirmSecondFactor(context, body.code, whoOf(request, personId))),
    }),
    personRoute({
      operationId: 'renewRecoveryCodes',
      method: 'POST',
      path: '/auth/second-factor/recovery-codes',
      summary: 'Make new recovery codes; those before work no more',
      tag,
      answer: 'secret',
      body: WithPassword,
      responses: { 200: z.strictObject({ recovery_codes: RecoveryCodes }) },
      handle: async ({ body, personId, request }) => {
        const codes = await renewRecoveryCodes(context, body.password, whoOf(request, personId))
        return reply(200, { recovery_codes: codes })
      },
    }),
    personRoute({
      operationId: 'disableSecondFactor',
      method: 'POST',
      path: '/auth/second-factor/disable',
      summary: 'Have sign-in ask for no codes any more; this session gets a new token',
      tag,
      answer: 'secret',
      body: WithPassword,
      responses: { 200: SignedInAnswer },
      handle: async ({ body, personId, request }) =>
        presentSignedIn(await disableSecondFactor(context, body.password, whoOf(request, personId))),
    }),
  ]
}
