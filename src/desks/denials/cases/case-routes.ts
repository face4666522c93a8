import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { ROUTES } from '../routing/index.ts'
import { CASE_STATUSES, MODES, OUTCOMES, UserContext } from './case.ts'
import { changeCase } from './change-case.ts'
import { demandCase } from './demand-case.ts'
import { openCase } from './open-case.ts'
import { deleteCase, listCases } from './store.ts'
import { CaseView, presentCase } from './views.ts'

const Assignee = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters')

export const inTenant = { tag: 'Denials', tenant: 'query', query: z.strictObject(TenantQuery) } as const
export const ofCase = { ...inTenant, params: z.strictObject({ case_id: z.uuid() }) } as const

/** Cases: opened, listed, changed by hand, removed with everything that came of them. */
export function caseRoutes({ sealer }: { sealer: Sealer }): Route[] {
  return [
    tenantRoute({
      ...inTenant,
      operationId: 'openDenialCase',
      method: 'POST',
      path: '/cases',
      summary: 'Open a case for a denial',
      access: 'denial.work',
      body: z.strictObject({
        mode: z.enum(MODES).default('fast'),
        user_context: UserContext.default({}),
        assignee: Assignee.optional(),
      }),
      responses: { 201: CaseView },
      handle: async ({ tx, tenantId, caller, body }) => {
        const caseId = await openCase(tx, sealer, { tenantId, by: caller.id }, body)
        const location = `/api/v1/cases/${caseId}?tenant_id=${tenantId}`
        return reply(201, presentCase(await demandCase(tx, caseId)), { location })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listDenialCases',
      method: 'GET',
      path: '/cases',
      summary: 'List cases, newest first',
      access: 'denial.read',
      query: z.strictObject({
        ...TenantQuery,
        ...PageQuery,
        status: z.enum(CASE_STATUSES).optional(),
        route: z.enum(ROUTES).optional(),
        assignee: Assignee.optional(),
        due_before: z.iso.date().optional().meta({ description: 'Open cases whose deadline lies before this day' }),
      }),
      responses: { 200: z.object({ cases: z.array(CaseView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, status, route, assignee, due_before }, request }) => {
        const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? []
        const filter = { status, route, assignee, due_before }
        const found = await listCases(tx, { filter, before, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.case_id])
        const body = { cases: rows.map(presentCase), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'showDenialCase',
      method: 'GET',
      path: '/cases/:case_id',
      summary: 'Show a case',
      access: 'denial.read',
      responses: { 200: CaseView },
      handle: async ({ tx, params }) => reply(200, presentCase(await demandCase(tx, params.case_id))),
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'changeDenialCase',
      method: 'PATCH',
      path: '/cases/:case_id',
      summary: 'Change who works on a case, what is known about it, or how far it is',
      access: 'denial.work',
      body: z.strictObject({
        mode: z.enum(MODES).optional(),
        assignee: Assignee.nullable().optional(),
        user_context: UserContext.optional(),
        status: z.enum(CASE_STATUSES).optional(),
        outcome: z.enum(OUTCOMES).optional().meta({ description: 'With the status `decided`' }),
      }),
      responses: { 200: CaseView },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId }, body }) => {
        await changeCase(tx, sealer, { tenantId, by: caller.id }, caseId, body)
        return reply(200, presentCase(await demandCase(tx, caseId)))
      },
    }),
    tenantRoute({
      ...ofCase,
      operationId: 'deleteDenialCase',
      method: 'DELETE',
      path: '/cases/:case_id',
      summary: 'Delete a case with its documents, findings and packs',
      access: 'denial.manage',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { case_id: caseId } }) => {
        await demandCase(tx, caseId)
        await deleteCase(tx, caseId)
        await recordAudit(tx, { tenantId, actor: caller.id, action: 'denial.delete', subject: `denial:${caseId}` })
        return reply(204)
      },
    }),
  ]
}
