import { z } from 'zod'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  systemRoute,
  TenantIdField,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { createTenant } from './create-tenant.ts'
import { demandTimeZone } from './demand-time-zone.ts'
import { line, Moment, TimeZoneField } from './fields.ts'
import { selectTenant, selectTenants, type Tenant, updateTenant } from './store/tenants.ts'

export const TenantPath = z.strictObject({ tenant_id: TenantIdField })
const NameField = line(200).meta({ example: 'Acme Support' })

const TenantAnswer = z
  .strictObject({ tenant_id: z.string(), name: z.string(), time_zone: z.string(), created_at: Moment })
  .meta({ id: 'Tenant' })
const Tenants = z.strictObject({ tenants: z.array(TenantAnswer), next_cursor: z.string().nullable() })

const TenantChange = z
  .strictObject({ name: NameField.optional(), time_zone: TimeZoneField.optional() })
  .refine((change) => Object.keys(change).length > 0, 'must change something')

const tag = 'Tenants'

export function tenantRoutes(): Route[] {
  return [
    systemRoute({
      operationId: 'createTenant',
      method: 'POST',
      path: '/tenants',
      summary: 'Make a tenant',
      tag,
      access: 'operator',
      acrossTenants: 'the tenant does not exist yet',
      body: z.strictObject({ tenant_id: TenantIdField, name: NameField, time_zone: TimeZoneField.default('UTC') }),
      responses: { 201: TenantAnswer },
      handle: async ({ body, tx, caller }) => {
        await demandTimeZone(tx, body.time_zone)
        const wanted = { tenantId: body.tenant_id, name: body.name, timeZone: body.time_zone }
        const tenant = await createTenant(tx, wanted, caller.id)
        return reply(201, present(tenant), { location: `/api/v1/tenants/${tenant.tenantId}` })
      },
    }),
    systemRoute({
      operationId: 'listTenants',
      method: 'GET',
      path: '/tenants',
      summary: 'List all tenants',
      tag,
      access: 'operator',
      acrossTenants: 'the operator sees all of them',
      query: z.strictObject(PageQuery),
      responses: { 200: Tenants },
      handle: async ({ query, tx, request }) => {
        const [after] = decodeCursor(query.cursor, z.tuple([TenantIdField])) ?? []
        const rows = await selectTenants(tx, { after, limit: query.limit })
        const page = toPage(rows, query.limit, (tenant) => [tenant.tenantId])
        const body = { tenants: page.rows.map(present), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'showTenant',
      method: 'GET',
      path: '/tenants/:tenant_id',
      summary: 'Show a tenant',
      tag,
      access: 'tenant.read',
      tenant: 'path',
      params: TenantPath,
      responses: { 200: TenantAnswer },
      handle: async ({ tx }) => reply(200, present(await selectTenant(tx))),
    }),
    tenantRoute({
      operationId: 'changeTenant',
      method: 'PATCH',
      path: '/tenants/:tenant_id',
      summary: 'Rename a tenant or move its time zone',
      tag,
      access: 'tenant.update',
      tenant: 'path',
      params: TenantPath,
      body: TenantChange,
      responses: { 200: TenantAnswer },
      handle: async ({ body, tx, caller, tenantId }) => {
        await demandTimeZone(tx, body.time_zone)
        const tenant = await updateTenant(tx, { name: body.name, timeZone: body.time_zone })
        await recordAudit(tx, {
          ...{ tenantId, actor: caller.id, action: 'tenant.update', subject: `tenant:${tenantId}` },
          details: { changed: Object.keys(body) },
        })
        return reply(200, present(tenant))
      },
    }),
  ]
}

function present(tenant: Tenant) {
  return {
    tenant_id: tenant.tenantId,
    name: tenant.name,
    time_zone: tenant.timeZone,
    created_at: tenant.createdAt.toISOString(),
  }
}
