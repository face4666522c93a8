import type { FastifyRequest } from 'fastify'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { httpFault } from './faults.ts'

/** What a caller may do with a permission in a tenant. `unknown_tenant` covers both "does not exist" and "not theirs". */
export type Decision = 'allowed' | 'forbidden' | 'unknown_tenant'

/** Somebody who has proved who they are. What they may do is decided by whoever authenticated them. */
export type Caller = {
  /** Stable across requests: `operator`, `person:<id>` or `key:<id>`. Names the caller in limits, audit and logs. */
  id: string
  /** The tenants this caller belongs to; `all` for the platform operator. */
  tenants: 'all' | readonly TenantId[]
  /** May ask the database: the operator's access to every tenant says nothing about which tenants exist. */
  decide(permission: string, tenantId: TenantId): Promise<Decision>
  isOperator: boolean
  /** When the credentials end by themselves; what is served for longer is looked up again then. */
  until?: Date | undefined
  /** Set for people with a session, for routes about themselves; a token of theirs is not enough for those. */
  personId?: string
}

/** Finds the caller of a request. `null`: no credentials. Throws a fault: credentials that do not hold. */
export type Authenticate = (request: FastifyRequest) => Promise<Caller | null>

/**
 * What a route demands: a permission in the tenant it names, `operator`, a `person` (about their own account), any `signed-in`
 * caller, or, spelled out, `public`.
 */
export type Access = 'public' | 'signed-in' | 'person' | 'operator' | `${string}.${string}`

/** Throws 404 when the tenant is not the caller's, so that its existence does not show, and 403 when the permission is missing. */
export async function demandPermission(caller: Caller, permission: string, tenantId: TenantId): Promise<void> {
  const decision = await caller.decide(permission, tenantId)
  if (decision === 'allowed') return
  if (decision === 'unknown_tenant') {
    throw httpFault('http.tenant_not_found', {
      public: 'There is no such tenant, or you are not a member of it.',
      internal: `${caller.id} asked for tenant ${tenantId}, masked as 404`,
    })
  }
  throw httpFault('http.forbidden', {
    public: `You need the permission ${permission} in tenant ${tenantId}. Ask an owner for a role that has it.`,
    internal: `${caller.id} lacks ${permission} in ${tenantId}`,
  })
}

/** @throws http.unauthenticated when there were no credentials */
export function requireCaller({ caller }: { caller: Caller | null }): Caller {
  if (caller) return caller
  throw unauthenticated('no credentials')
}

export function demandOperator(caller: Caller): void {
  if (caller.isOperator) return
  throw httpFault('http.forbidden', {
    public: 'Only the platform operator may do this.',
    internal: `${caller.id} is not the operator`,
  })
}

/** The person who calls; throws 403 for keys and the operator, who have no password and no sessions. */
export function demandPerson(caller: Caller): string {
  if (caller.personId !== undefined) return caller.personId
  throw httpFault('http.forbidden', {
    public: 'Only a person who is signed in may do this: it is about their own account.',
    internal: `${caller.id} is not a person`,
  })
}

export function unauthenticated(internal: string) {
  return httpFault('http.unauthenticated', {
    public: 'Send an API key, a token or a session token as `Authorization: Bearer …`, or sign in.',
    internal,
    headers: { 'www-authenticate': 'Bearer realm="signalbox"' },
  })
}
