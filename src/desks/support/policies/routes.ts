import { z } from 'zod'
import type { ClocksApi } from '../../../core/clocks/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  systemRoute,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { presentPolicy } from './computed-view.ts'
import { POLICY_BYTES } from './document/read-policy.ts'
import type { PoliciesInForce } from './policies-in-force.ts'
import { previewPolicy } from './preview-policy.ts'
import { PreviewView, presentPreview } from './preview-view.ts'
import { followOperator, type Publishing, preparePolicy, publishPolicy, restoreVersion } from './publish-policy.ts'
import { findDefault, showPolicy } from './show-policy.ts'
import { listVersions } from './store.ts'
import {
  CheckView,
  OperatorPolicyView,
  PolicyVersionSummary,
  PolicyView,
  presentDefault,
  presentMatrix,
  presentVersionSummary,
} from './view.ts'

/** Bytes are counted where it is read; here only what can be counted before. */
export const DocumentField = z
  .union([
    z.string().min(1).max(POLICY_BYTES.written),
    z.record(z.string().min(1).max(100), z.unknown()).refine((all) => Object.keys(all).length > 0, 'must not be empty'),
  ])
  .meta({ description: 'YAML or JSON as a text, or an object; see docs/sla.md' })
const note = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters')
  .optional()
  .meta({ description: 'Why it was changed, for those who come after' })
/** As PostgreSQL's integers. */
const VERSION_MAX = 2_147_483_647
const inForce = z
  .int()
  .min(0)
  .max(VERSION_MAX)
  .optional()
  .meta({ description: 'The `version` that was read; refused when it is not in force any more' })
const byVersion = z.tuple([z.int().min(1).max(VERSION_MAX)])

/** A tenant's policy: what holds, its versions, how it is changed; and the operator's. */
export function policyRoutes(
  publishing: Publishing & Pick<ClocksApi, 'suppose' | 'describe'> & Pick<PoliciesInForce, 'supposing'>,
): Route[] {
  const inTenant = { tag: 'SLA', tenant: 'query', query: z.strictObject(TenantQuery) } as const

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'showSlaPolicy',
      method: 'GET',
      path: '/sla/policy',
      summary:
        'Show the policy that holds, where it comes from, since when, and the targets that follow from it; or an earlier version',
      access: 'sla.read',
      query: z.strictObject({ ...TenantQuery, version: z.coerce.number().int().min(1).max(VERSION_MAX).optional() }),
      responses: { 200: PolicyView },
      handle: async ({ tx, tenantId, query: { version } }) =>
        reply(200, await showPolicy(publishing, tx, tenantId, version)),
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'publishSlaPolicy',
      method: 'PUT',
      path: '/sla/policy',
      summary: 'Publish a policy: it holds from now on, and the versions before it stay',
      access: 'sla.manage',
      body: z.strictObject({ document: DocumentField, version: inForce, note }),
      responses: { 200: PolicyView },
      handle: async ({ tx, tenantId, caller, body: { document, version, note } }) => {
        await publishPolicy(publishing, tx, { tenantId, changedBy: caller.id, note }, { document, version })
        return reply(200, await showPolicy(publishing, tx, tenantId))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'followOperatorSlaPolicy',
      method: 'DELETE',
      path: '/sla/policy',
      summary: 'Follow the operator’s policy again; the tenant’s own versions stay',
      access: 'sla.manage',
      responses: { 200: PolicyView },
      handle: async ({ tx, tenantId, caller }) => {
        await followOperator(publishing, tx, { tenantId, changedBy: caller.id })
        return reply(200, await showPolicy(publishing, tx, tenantId))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listSlaPolicyVersions',
      method: 'GET',
      path: '/sla/policy/versions',
      summary: 'List the versions of a tenant’s policy, newest first',
      access: 'sla.read',
      query: z.strictObject({ ...TenantQuery, ...PageQuery }),
      responses: { 200: z.object({ versions: z.array(PolicyVersionSummary), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor }, request }) => {
        const [before] = decodeCursor(cursor, byVersion) ?? []
        const found = await listVersions(tx, { before, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.version])
        const body = { versions: rows.map(presentVersionSummary), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'restoreSlaPolicy',
      method: 'POST',
      path: '/sla/policy/restore',
      summary: 'Go back to what an earlier version says: it becomes the next one',
      access: 'sla.manage',
      body: z.strictObject({ version: z.int().min(1).max(VERSION_MAX) }),
      responses: { 200: PolicyView },
      handle: async ({ tx, tenantId, caller, body: { version } }) => {
        await restoreVersion(publishing, tx, { tenantId, changedBy: caller.id }, version)
        return reply(200, await showPolicy(publishing, tx, tenantId))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'validateSlaPolicy',
      method: 'POST',
      path: '/sla/policy/validate',
      summary: 'Check a policy and show the targets that follow from it; nothing is changed',
      access: 'sla.read',
      body: z.strictObject({ document: DocumentField }),
      responses: { 200: CheckView },
      handle: async ({ tx, tenantId, body: { document } }) => {
        const { form, policy } = await preparePolicy(publishing, tx, tenantId, document)
        return reply(200, { form, policy: presentPolicy(policy), matrix: presentMatrix(policy) })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'previewSlaPolicy',
      method: 'POST',
      path: '/sla/policy/preview',
      summary: 'Show which open tickets would get which deadline, and which would be late at once; nothing is changed',
      access: 'sla.manage',
      body: z.strictObject({ document: DocumentField, limit: z.int().min(0).max(200).default(50) }),
      responses: { 200: PreviewView },
      handle: async ({ tx, tenantId, body: { document, limit } }) => {
        const ready = await preparePolicy(publishing, tx, tenantId, document)
        return reply(200, presentPreview(await previewPolicy(publishing, tx, tenantId, { ready, limit })))
      },
    }),
    systemRoute({
      tag: 'SLA',
      operationId: 'showOperatorSlaPolicy',
      method: 'GET',
      path: '/operator/sla/policy',
      summary:
        'Show the policy of all tenants that have none of their own: from which file, since when, with which hash',
      access: 'operator',
      acrossTenants: 'the operator’s policy belongs to no tenant',
      responses: { 200: OperatorPolicyView },
      handle: async ({ tx }) => reply(200, presentDefault(await findDefault(tx))),
    }),
  ]
}
