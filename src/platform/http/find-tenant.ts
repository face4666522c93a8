import type { FastifyRequest } from 'fastify'
import { tenantId as asTenantId, type TenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../database/index.ts'
import { requireCaller } from './access.ts'
import { readIdempotentRequest } from './idempotency/idempotent-request.ts'
import { findingTenant } from './idempotency/once.ts'
import type { Route, TenantRoute } from './route.ts'

/** The tenant that a request is about. Throws the route's own fault when the thing that it names is not there, or not theirs. */
export async function findTenant(route: TenantRoute, request: FastifyRequest, database: Database): Promise<TenantId> {
  const { tenant } = route
  if (tenant === 'query' || tenant === 'path') {
    const named = (tenant === 'query' ? request.query : request.params) as { tenant_id: TenantId }
    return named.tenant_id
  }
  const caller = requireCaller(request)
  const found = (await tenant.of(request.params as never)) ?? (await tenantOfRepeat(route, request, database))
  // Another tenant's thing is answered like no thing at all, before permissions could tell them apart.
  if (found === null || (await caller.decide(route.access, found)) === 'unknown_tenant') throw tenant.absent()
  const { tenant_id: named } = request.query as { tenant_id?: TenantId }
  if (named !== undefined && named !== found) throw tenant.absent()
  return found
}

/** What a request is about may be gone because the same one was carried out before: then its record says whose that was. */
async function tenantOfRepeat(route: TenantRoute, request: FastifyRequest, database: Database) {
  if (route.upload) return null
  const { id: callerId } = requireCaller(request)
  const repeated = readIdempotentRequest(route as Route, request, { tenantId: '', callerId })
  if (!repeated) return null
  const why = 'the thing that would say which tenant it is about may be deleted'
  const [[known]] = await database.acrossTenantsAtOnce(why, [await findingTenant(repeated)])
  return known ? asTenantId(known.tenant_id) : null
}
