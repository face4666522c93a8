import { z } from 'zod'
import { Fault } from '../../kernel/faults.ts'
import {
  type Authenticate,
  decodeCursor,
  linkHeader,
  PageQuery,
  platformRoute,
  type Route,
  reply,
  TenantIdField,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import { acceptInvitation } from './accept-invitation.ts'
import { EmailField, line, Moment, PasswordField, RoleField, TokenField } from './fields.ts'
import { INVITATION_STATUSES, invitationStatus } from './invitation-status.ts'
import { inviteMember } from './invite-member.ts'
import { limitInvitations } from './limit-mails.ts'
import { revokeInvitationFor } from './revoke-invitation.ts'
import { deviceOf, PersonAnswer, presentPerson } from './session-view.ts'
import { type Invitation, selectInvitations } from './store/invitations.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { TenantPath } from './tenant-routes.ts'

const InvitationFields = {
  invitation_id: z.uuid(),
  email: z.string(),
  role: RoleField,
  status: z.enum(INVITATION_STATUSES),
  invited_by: z.string(),
  delivery: z.enum(['mail', 'hand']).meta({
    description:
      '`mail`: the token goes to the address alone; `hand`: whoever invites hands it over, as no mail is set up',
  }),
  created_at: Moment,
  expires_at: Moment,
}
const InvitationAnswer = z.strictObject(InvitationFields).meta({ id: 'Invitation' })
const NewInvitation = z.strictObject({
  ...InvitationFields,
  token: z
    .string()
    .nullable()
    .meta({ description: 'For you to hand to the invited person, shown only here; null when it goes to them by mail' }),
})
const Acceptance = z.strictObject({
  token: TokenField,
  name: line(200).optional().meta({ description: 'Needed for a new account' }),
  password: PasswordField.optional().meta({
    description: 'The password of the new account, or of the account that the e-mail address has',
  }),
})

const tag = 'Members'

export function invitationRoutes(context: TenancyContext, authenticate: Authenticate): Route[] {
  return [
    tenantRoute({
      operationId: 'inviteMember',
      method: 'POST',
      path: '/tenants/:tenant_id/invitations',
      summary: 'Invite somebody to become a member',
      tag,
      access: 'member.invite',
      tenant: 'path',
      params: TenantPath,
      body: z.strictObject({ email: EmailField, role: RoleField }),
      responses: { 201: NewInvitation },
      answer: 'secret',
      prepare: async ({ body, tenantId }) => {
        if (context.mail.isSetUp) await limitInvitations(context.allowances, { tenantId, email: body.email })
      },
      handle: async ({ body, tx, caller, tenantId }) => {
        const now = new Date()
        const { invitation, token } = await inviteMember(context, tx, { ...body, caller, tenantId, now })
        return reply(201, { ...present(invitation, now), token })
      },
    }),
    tenantRoute({
      operationId: 'listInvitations',
      method: 'GET',
      path: '/tenants/:tenant_id/invitations',
      summary: 'List invitations',
      tag,
      access: 'member.invite',
      tenant: 'path',
      params: TenantPath,
      query: z.strictObject(PageQuery),
      responses: {
        200: z.strictObject({ invitations: z.array(InvitationAnswer), next_cursor: z.string().nullable() }),
      },
      handle: async ({ query, tx, request }) => {
        const [after] = decodeCursor(query.cursor, z.tuple([z.uuid()])) ?? []
        const rows = await selectInvitations(tx, { after, limit: query.limit })
        const page = toPage(rows, query.limit, (invitation) => [invitation.invitationId])
        const now = new Date()
        const body = {
          invitations: page.rows.map((invitation) => present(invitation, now)),
          next_cursor: page.nextCursor,
        }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'revokeInvitation',
      method: 'DELETE',
      path: '/tenants/:tenant_id/invitations/:invitation_id',
      summary: 'Revoke an invitation',
      tag,
      access: 'member.invite',
      tenant: 'path',
      params: z.strictObject({ tenant_id: TenantIdField, invitation_id: z.uuid() }),
      responses: { 204: z.undefined() },
      handle: async ({ params, tx, caller, tenantId }) => {
        await revokeInvitationFor(tx, { caller, tenantId, invitationId: params.invitation_id })
        return reply(204)
      },
    }),
    platformRoute({
      operationId: 'acceptInvitation',
      method: 'POST',
      path: '/invitations/accept',
      summary: 'Accept an invitation, with a new account or the one that its e-mail address has',
      tag,
      access: 'public',
      body: Acceptance,
      responses: { 201: z.strictObject({ tenant_id: z.string(), role: RoleField, person: PersonAnswer }) },
      handle: async ({ body, request }) => {
        const signedIn = await authenticate(request).catch(nobodyWhenOver)
        const { person, tenantId, role } = await acceptInvitation(context, {
          ...body,
          signedInPersonId: signedIn?.personId,
          device: deviceOf(request),
          now: new Date(),
        })
        return reply(201, { tenant_id: tenantId, role, person: presentPerson(person) })
      },
    }),
  ]
}

/** A session that is over must not keep its person from accepting with a password. */
function nobodyWhenOver(error: unknown): null {
  if (error instanceof Fault && error.status === 401) return null
  throw error
}

function present(invitation: Invitation, now: Date) {
  return {
    invitation_id: invitation.invitationId,
    email: invitation.email,
    role: invitation.role,
    status: invitationStatus(invitation, now),
    invited_by: invitation.invitedBy,
    delivery: invitation.isMailed ? ('mail' as const) : ('hand' as const),
    created_at: invitation.createdAt.toISOString(),
    expires_at: invitation.expiresAt.toISOString(),
  }
}
