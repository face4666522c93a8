import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Reply, reply } from '../../platform/http/index.ts'
import { Moment, RoleField } from './fields.ts'
import type { Device, Person, SignedIn } from './identity.ts'
import { readDevice } from './known-device.ts'
import type { TenantOfPerson } from './store/memberships.ts'

export const PersonAnswer = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    email: z.string(),
    is_email_proven: z
      .boolean()
      .meta({ description: 'Whether the owner of the address has shown that the account is theirs' }),
    has_second_factor: z.boolean().meta({ description: 'Whether sign-in asks for a code' }),
  })
  .meta({ id: 'Person' })

export const SignedInAnswer = z
  .strictObject({
    token: z.string().meta({ description: 'Send it as `Authorization: Bearer …`' }),
    expires_at: Moment,
    person: PersonAnswer,
    tenants: z.array(z.strictObject({ tenant_id: z.string(), name: z.string(), role: RoleField })),
  })
  .meta({ id: 'SignedIn' })

/** A session that was just opened, with the cookie that opens it. */
export function presentSignedIn({
  person,
  token,
  expiresAt,
  setCookie,
  tenants,
}: SignedIn & { tenants: readonly TenantOfPerson[] }): Reply {
  const answer = {
    token,
    expires_at: expiresAt.toISOString(),
    person: presentPerson(person),
    tenants: tenants.map(({ tenantId, name, role }) => ({ tenant_id: tenantId, name, role })),
  }
  return reply(200, answer, { 'set-cookie': setCookie })
}

export function presentPerson(person: Person) {
  return {
    id: person.personId,
    name: person.name,
    email: person.email,
    is_email_proven: person.isProven,
    has_second_factor: person.hasSecondFactor,
  }
}

export function deviceOf(request: FastifyRequest): Device {
  const { cookie, 'user-agent': userAgent = '' } = request.headers
  return { address: request.ip, userAgent: userAgent.slice(0, 300), device: readDevice(cookie) }
}

/** What names the session of a request. */
export function sessionHeaders(request: FastifyRequest): Headers {
  const { authorization, cookie } = request.headers
  return new Headers(authorization === undefined ? { cookie: cookie ?? '' } : { authorization })
}
