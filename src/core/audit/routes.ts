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
import { type AuditLine, selectLines } from './store.ts'

const Line = z
  .strictObject({
    audit_id: z.uuid(),
    at: z.iso.datetime({ offset: true }),
    actor: z.string().meta({ description: '`operator`, `person:<id>` or `key:<id>`' }),
    action: z.string().meta({ example: 'member.update' }),
    subject: z.string().meta({ description: 'What it was done to, as `<thing>:<id>`' }),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' })

export function auditRoutes(): Route[] {
  return [
    tenantRoute({
      operationId: 'listAuditEntries',
      method: 'GET',
      path: '/tenants/:tenant_id/audit',
      summary: 'List the changes made in a tenant, newest first',
      tag: 'Audit',
      access: 'audit.read',
      tenant: 'path',
      params: z.strictObject({ tenant_id: TenantIdField }),
      query: z.strictObject(PageQuery),
      responses: { 200: z.strictObject({ entries: z.array(Line), next_cursor: z.string().nullable() }) },
      handle: async ({ query, tx, request }) => {
        const [before] = decodeCursor(query.cursor, z.tuple([z.uuid()])) ?? []
        const { rows, found } = await selectLines(tx, { before, limit: query.limit })
        const page = toPage(rows, query.limit, (line) => [line.auditId], found)
        const body = { entries: page.rows.map(present), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
  ]
}

function present({ auditId, at, ...line }: AuditLine) {
  return { audit_id: auditId, at: at.toISOString(), ...line }
}
