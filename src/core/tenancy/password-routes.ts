import { z } from 'zod'
import { personRoute, type Route } from '../../platform/http/index.ts'
import { changePassword } from './change-password.ts'
import { NewPasswordField, PasswordField } from './fields.ts'
import { deviceOf, presentSignedIn, SignedInAnswer, sessionHeaders } from './session-view.ts'
import type { TenancyContext } from './tenancy-context.ts'

const tag = 'Passwords'

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
  ]
}
