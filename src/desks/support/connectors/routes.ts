import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
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
import { addConnector } from './add-connector.ts'
import { changeConnector, planChange } from './change-connector.ts'
import { checkAccess } from './check-access.ts'
import { ConnectorView, presentConnector } from './connector.ts'
import { DeskMapping } from './desk-mapping.ts'
import { connectorNotFound } from './faults.ts'
import { CONNECTORS, callsPerMinute, NewConnectorBody, openSource } from './kinds.ts'
import type { ConnectorDependencies } from './open-connector.ts'
import { type ConnectorRow, deleteConnector, findConnector, listConnectors } from './store.ts'

/** Checked in full once the kind is known. */
const someFields = z.record(z.string().max(100), z.string().max(2_000))

const byName = z.tuple([z.string()])

/** Setting up helpdesks; what waits for a helpdesk is done before the transaction opens. */
export function connectorRoutes(dependencies: ConnectorDependencies): Route[] {
  const { database, sealer, http } = dependencies
  const inTenant = { tag: 'Connectors', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofConnector = { ...inTenant, params: z.strictObject({ connector_id: z.uuid() }) }
  const load = (tenantId: TenantId, connectorId: string) =>
    database.withTenant(tenantId, (tx) => requireConnector(tx, connectorId))

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'addConnector',
      method: 'POST',
      path: '/connectors',
      summary: 'Connect a helpdesk; its credentials are checked there, encrypted, and never shown again',
      access: 'connector.manage',
      body: NewConnectorBody,
      responses: { 201: ConnectorView },
      prepare: async ({ body, signal }) => checkAccess(openSource(body, http), signal),
      handle: async ({ tx, tenantId, caller, body, prepared: account }) => {
        const connectorId = randomUUID()
        const calls = body.calls_per_minute ?? CONNECTORS[body.kind].callsPerMinute
        const who = { tenantId, connectorId, account, addedBy: caller.id, callsPerMinute: calls }
        await addConnector(tx, sealer, { ...body, ...who })
        return reply(201, presentConnector(await requireConnector(tx, connectorId)), {
          location: `/api/v1/connectors/${connectorId}?tenant_id=${tenantId}`,
        })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listConnectors',
      method: 'GET',
      path: '/connectors',
      summary: 'List a tenant’s connectors by name',
      access: 'connector.read',
      query: z.strictObject({ ...TenantQuery, ...PageQuery }),
      responses: { 200: z.object({ connectors: z.array(ConnectorView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor }, request }) => {
        const [after] = decodeCursor(cursor, byName) ?? []
        const found = await listConnectors(tx, { after, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.name])
        const body = { connectors: rows.map(presentConnector), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...ofConnector,
      operationId: 'showConnector',
      method: 'GET',
      path: '/connectors/:connector_id',
      summary: 'Show a connector',
      access: 'connector.read',
      responses: { 200: ConnectorView },
      handle: async ({ tx, params }) => reply(200, presentConnector(await requireConnector(tx, params.connector_id))),
    }),
    tenantRoute({
      ...ofConnector,
      operationId: 'changeConnector',
      method: 'PATCH',
      path: '/connectors/:connector_id',
      summary:
        'Change a connector’s credentials, budget or what its words stand for; with an empty body, check its access again',
      access: 'connector.manage',
      body: z.strictObject({
        credentials: someFields.optional(),
        calls_per_minute: callsPerMinute.optional(),
        mapping: DeskMapping.optional(),
      }),
      responses: { 200: ConnectorView },
      prepare: async ({ tenantId, params: { connector_id }, body, signal }) =>
        checkAccess(openSource(planChange(sealer, await load(tenantId, connector_id), body), http), signal),
      handle: async ({ tx, tenantId, caller, params: { connector_id: connectorId }, body, prepared: account }) => {
        await changeConnector(tx, sealer, { ...body, tenantId, connectorId, account, changedBy: caller.id })
        return reply(200, presentConnector(await requireConnector(tx, connectorId)))
      },
    }),
    tenantRoute({
      ...ofConnector,
      operationId: 'removeConnector',
      method: 'DELETE',
      path: '/connectors/:connector_id',
      summary: 'Disconnect a helpdesk and forget its credentials; its tickets stay',
      access: 'connector.manage',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { connector_id } }) => {
        if (!(await deleteConnector(tx, connector_id))) throw connectorNotFound()
        const subject = `connector:${connector_id}`
        await recordAudit(tx, { tenantId, actor: caller.id, action: 'connector.remove', subject })
        return reply(204)
      },
    }),
  ]
}

async function requireConnector(tx: Tx, connectorId: string): Promise<ConnectorRow> {
  const connector = await findConnector(tx, connectorId)
  if (!connector) throw connectorNotFound()
  return connector
}
