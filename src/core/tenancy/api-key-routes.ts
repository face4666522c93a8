import { z } from 'zod'
import { moment } from '../../kernel/moment.ts'
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
import { createApiKeyFor } from './create-api-key.ts'
import { line, Moment } from './fields.ts'
import { revokeApiKeyFor } from './revoke-api-key.ts'
import { type ApiKey, selectApiKeys } from './store/api-keys.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { TenantPath } from './tenant-routes.ts'

const KeyFields = {
  api_key_id: z.uuid(),
  name: z.string(),
  prefix: z.string().meta({ description: 'The first characters of the secret' }),
  permissions: z.array(z.string()),
  created_by: z.string(),
  created_at: Moment,
  expires_at: Moment.nullable(),
  last_used_at: Moment.nullable().meta({ description: 'To the minute' }),
  revoked_at: Moment.nullable(),
}
const KeyAnswer = z.strictObject(KeyFields).meta({ id: 'ApiKey' })
const NewKeyAnswer = z.strictObject({
  ...KeyFields,
  secret: z.string().meta({ description: 'The key itself; shown only here' }),
})
const NewKeyBody = z.strictObject({
  name: line(100).meta({ example: 'nightly import' }),
  permissions: z.array(z.string().max(100)).min(1).max(200),
  expires_at: moment
    .optional()
    .meta({ description: 'Without it the key lives as long as the key that makes it, or does not expire' }),
})

const tag = 'API keys'

export function apiKeyRoutes({ catalogue }: TenancyContext): Route[] {
  return [
    tenantRoute({
      operationId: 'createApiKey',
      method: 'POST',
      path: '/tenants/:tenant_id/api-keys',
      summary: 'Make an API key with some of your permissions',
      tag,
      access: 'key.create',
      tenant: 'path',
      params: TenantPath,
      body: NewKeyBody,
      responses: { 201: NewKeyAnswer },
      answer: 'secret',
      handle: async ({ body, tx, caller, tenantId }) => {
        const key = {
          name: body.name,
          permissions: body.permissions,
          expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
        }
        const made = await createApiKeyFor(tx, { caller, tenantId, key, now: new Date() }, catalogue)
        return reply(201, { ...present(made.key), secret: made.secret })
      },
    }),
    tenantRoute({
      operationId: 'listApiKeys',
      method: 'GET',
      path: '/tenants/:tenant_id/api-keys',
      summary: 'List API keys, without their secrets',
      tag,
      access: 'key.read',
      tenant: 'path',
      params: TenantPath,
      query: z.strictObject(PageQuery),
      responses: { 200: z.strictObject({ api_keys: z.array(KeyAnswer), next_cursor: z.string().nullable() }) },
      handle: async ({ query, tx, request }) => {
        const [after] = decodeCursor(query.cursor, z.tuple([z.uuid()])) ?? []
        const rows = await selectApiKeys(tx, { after, limit: query.limit })
        const page = toPage(rows, query.limit, (key) => [key.apiKeyId])
        const body = { api_keys: page.rows.map(present), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'revokeApiKey',
      method: 'DELETE',
      path: '/tenants/:tenant_id/api-keys/:api_key_id',
      summary: 'Revoke an API key, the keys it made and the invitations they left open',
      tag,
      access: 'key.revoke',
      tenant: 'path',
      params: z.strictObject({ tenant_id: TenantIdField, api_key_id: z.uuid() }),
      responses: { 204: z.undefined() },
      handle: async ({ params, tx, caller, tenantId }) => {
        await revokeApiKeyFor(tx, { caller, tenantId, apiKeyId: params.api_key_id })
        return reply(204)
      },
    }),
  ]
}

function present(key: ApiKey) {
  const moment = (date: Date | null) => date?.toISOString() ?? null
  return {
    api_key_id: key.apiKeyId,
    name: key.name,
    prefix: key.prefix,
    permissions: key.permissions,
    created_by: key.createdBy,
    created_at: key.createdAt.toISOString(),
    expires_at: moment(key.expiresAt),
    last_used_at: moment(key.lastUsedAt),
    revoked_at: moment(key.revokedAt),
  }
}
