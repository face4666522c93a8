import { z } from 'zod'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantIdField,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import { changeRole } from './change-role.ts'
import { Moment, PersonIdField, RoleField } from './fields.ts'
import type { Person } from './identity.ts'
import { removeMember } from './remove-member.ts'
import { type Membership, selectMembers } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { TenantPath } from './tenant-routes.ts'

const MemberAnswer = z
  .strictObject({
    person_id: z.uuid(),
    name: z.string(),
    email: z.string(),
    is_email_proven: z.boolean(),
    role: RoleField,
    created_at: Moment,
  })
  .meta({ id: 'Member' })
const MemberPath = z.strictObject({ tenant_id: TenantIdField, person_id: PersonIdField })

const tag = 'Members'

export function memberRoutes({ identity, catalogue }: TenancyContext): Route[] {
  const withPeople = async (members: readonly Membership[]) => {
    const people = await identity.findByIds(members.map((member) => member.personId))
    // Deleted between the two reads: their membership went with them.
    return members.flatMap((member) => {
      const person = people.get(member.personId)
      return person ? [present(member, person)] : []
    })
  }
  return [
    tenantRoute({
      operationId: 'listMembers',
      method: 'GET',
      path: '/tenants/:tenant_id/members',
      summary: 'List members',
      tag,
      access: 'member.read',
      tenant: 'path',
      params: TenantPath,
      query: z.strictObject(PageQuery),
      responses: { 200: z.strictObject({ members: z.array(MemberAnswer), next_cursor: z.string().nullable() }) },
      handle: async ({ query, tx, request }) => {
        const [after] = decodeCursor(query.cursor, z.tuple([z.uuid()])) ?? []
        const rows = await selectMembers(tx, { after, limit: query.limit })
        const page = toPage(rows, query.limit, (member) => [member.personId])
        const body = { members: await withPeople(page.rows), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'changeRole',
      method: 'PATCH',
      path: '/tenants/:tenant_id/members/:person_id',
      summary: 'Give a member another role',
      tag,
      access: 'member.update',
      tenant: 'path',
      params: MemberPath,
      body: z.strictObject({ role: RoleField }),
      responses: { 200: MemberAnswer },
      handle: async ({ params, body, tx, caller, tenantId }) => {
        const request = { caller, tenantId, personId: params.person_id, role: body.role }
        const [member] = await withPeople([await changeRole(tx, request, catalogue)])
        return reply(200, member)
      },
    }),
    tenantRoute({
      operationId: 'removeMember',
      method: 'DELETE',
      path: '/tenants/:tenant_id/members/:person_id',
      summary: 'Remove a member, with the keys they answer for',
      tag,
      access: 'member.remove',
      tenant: 'path',
      params: MemberPath,
      responses: { 204: z.undefined() },
      handle: async ({ params, tx, caller, tenantId }) => {
        await removeMember(tx, { caller, tenantId, personId: params.person_id })
        return reply(204)
      },
    }),
  ]
}

function present(member: Membership, person: Person) {
  return {
    person_id: member.personId,
    name: person.name,
    email: person.email,
    is_email_proven: person.isProven,
    role: member.role,
    created_at: member.createdAt.toISOString(),
  }
}
