import { z } from 'zod'
import { personRoute, platformRoute, type Route, reply, systemRoute } from '../../platform/http/index.ts'
import { changePassword } from './change-password.ts'
import { EmailField, Moment, NewPasswordField, PasswordField, TokenField } from './fields.ts'
import { askForProof, proveAddress } from './prove-address.ts'
import { askForReset, handOverReset, resetPassword } from './reset-password.ts'
import { deviceOf, presentSignedIn, SignedInAnswer, sessionHeaders } from './session-view.ts'
import type { TenancyContext } from './tenancy-context.ts'

const tag = 'Passwords'
/** The same whatever became of it. */
const Asked = z.strictObject({ status: z.literal('asked') })

/** How people change what lets them in, and prove that their address is theirs. */
export function passwordRoutes(context: TenancyContext): Route[] {
  return [
    personRoute({
      operationId: 'changePassword',
      method: 'POST',
      path: '/auth/change-password',
      summary: 'Change your password; all your sessions end, and a new one is opened here',
      tag,
      body: z.strictObject({ current_password: PasswordField, new_password: NewPasswordField }),
      responses: { 200: SignedInAnswer },
      handle: async ({ body, personId, request }) => {
        const passwords = { currentPassword: body.current_password, newPassword: body.new_password }
        const at = { personId, session: sessionHeaders(request), device: deviceOf(request) }
        return presentSignedIn(await changePassword(context, passwords, at))
      },
    }),
    platformRoute({
      operationId: 'askForPasswordReset',
      method: 'POST',
      path: '/auth/forgot-password',
      summary: 'Have a link to set a new password sent to an e-mail address, if it has an account',
      tag,
      access: 'public',
      body: z.strictObject({ email: EmailField }),
      responses: { 202: Asked },
      handle: async ({ body, request }) => {
        await askForReset(context, { email: body.email, address: request.ip })
        return reply(202, { status: 'asked' as const })
      },
    }),
    platformRoute({
      operationId: 'resetPassword',
      method: 'POST',
      path: '/auth/reset-password',
      summary: 'Set a new password with the token of such a link; all sessions end',
      tag,
      access: 'public',
      body: z.strictObject({ token: TokenField, new_password: NewPasswordField }),
      responses: { 204: z.undefined() },
      handle: async ({ body }) => {
        await resetPassword(context, { token: body.token, newPassword: body.new_password })
        return reply(204)
      },
    }),
    systemRoute({
      operationId: 'handOverPasswordReset',
      method: 'POST',
      path: '/operator/password-resets',
      summary: 'Make a link with which somebody sets a new password, to be handed to them; you vouch for who they are',
      tag,
      access: 'operator',
      acrossTenants: 'a person may belong to several tenants',
      answer: 'secret',
      body: z.strictObject({
        email: EmailField,
        removes_second_factor: z.boolean().default(false).meta({ description: 'For somebody who has lost it' }),
      }),
      responses: {
        201: z.strictObject({ person_id: z.uuid(), token: z.string(), instructions: z.string(), expires_at: Moment }),
      },
      handle: async ({ body, tx, caller }) => {
        const request = { email: body.email, removesSecondFactor: body.removes_second_factor, actor: caller.id }
        const { personId, token, instructions, expiresAt } = await handOverReset(context, tx, request)
        return reply(201, { person_id: personId, token, instructions, expires_at: expiresAt.toISOString() })
      },
    }),
    personRoute({
      operationId: 'askForAddressProof',
      method: 'POST',
      path: '/auth/prove-address',
      summary: 'Have a link sent to your e-mail address, to prove that it is yours',
      tag,
      responses: { 202: Asked },
      handle: async ({ personId }) => {
        await askForProof(context, personId)
        return reply(202, { status: 'asked' as const })
      },
    }),
    personRoute({
      operationId: 'proveAddress',
      method: 'POST',
      path: '/auth/confirm-address',
      summary: 'Prove with the token of such a link that your e-mail address is yours',
      tag,
      body: z.strictObject({ token: TokenField }),
      responses: { 204: z.undefined() },
      handle: async ({ body, personId }) => {
        await proveAddress(context, { personId, token: body.token })
        return reply(204)
      },
    }),
  ]
}
