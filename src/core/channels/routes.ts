import { z } from 'zod'
import type { Database } from '../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import type { Outbound } from '../../platform/outbound/index.ts'
import type { Allowances } from '../../platform/resilience/index.ts'
import type { Sealer } from '../../platform/sealing/index.ts'
import { recordAudit } from '../audit/index.ts'
import { addChannel } from './add-channel.ts'
import { changeChannel, removeChannel, rotateSecret } from './change-channel.ts'
import type { Send } from './channel.ts'
import { checkAddress } from './check-address.ts'
import type { Confirmations } from './confirm-addresses.ts'
import { ChannelChange, NewChannelBody } from './kinds.ts'
import { limitTests } from './limit-tests.ts'
import { listChannels, requireChannel } from './store.ts'
import { presentTest, reachedByTest, testChannel } from './test-channel.ts'
import { ChannelView, NewChannelView, presentChannel, TestView } from './view.ts'

export type RouteDependencies = {
  database: Database
  sealer: Sealer
  outbound: Pick<Outbound, 'check'>
  hasEmail: boolean
  send: Send
  confirmations: Confirmations
  /** Bounds how often channels are tested. */
  allowances: Allowances
}

const byName = z.tuple([z.string()])

/** Setting up channels; what waits for somebody outside is done before the transaction opens. */
export function channelRoutes(dependencies: RouteDependencies): Route[] {
  const { database, sealer, outbound, send, allowances, confirmations } = dependencies
  const inTenant = { tag: 'Channels', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofChannel = { ...inTenant, params: z.strictObject({ channel_id: z.uuid() }) }

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'addChannel',
      method: 'POST',
      path: '/channels',
      summary: 'Add a channel; its address is encrypted and never shown again, a webhook’s signing secret only now',
      access: 'channel.manage',
      body: NewChannelBody,
      responses: { 201: NewChannelView },
      answer: 'secret',
      prepare: async ({ tenantId, body, signal }) => {
        if ('url' in body) await checkAddress(outbound, body.url, signal)
        if ('recipients' in body) await confirmations.prepare(tenantId, body.recipients)
      },
      handle: async ({ tx, tenantId, caller, body }) => {
        const added = await addChannel(tx, dependencies, { tenantId, addedBy: caller.id, body })
        const channel = presentChannel(await requireChannel(tx, added.channelId))
        const location = `/api/v1/channels/${added.channelId}?tenant_id=${tenantId}`
        return reply(201, { ...channel, signing_secret: added.signingSecret }, { location })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listChannels',
      method: 'GET',
      path: '/channels',
      summary: 'List a tenant’s channels by name',
      access: 'channel.read',
      query: z.strictObject({ ...TenantQuery, ...PageQuery }),
      responses: { 200: z.object({ channels: z.array(ChannelView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor }, request }) => {
        const [after] = decodeCursor(cursor, byName) ?? []
        const found = await listChannels(tx, { after, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.name])
        const body = { channels: rows.map(presentChannel), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...ofChannel,
      operationId: 'showChannel',
      method: 'GET',
      path: '/channels/:channel_id',
      summary: 'Show a channel',
      access: 'channel.read',
      responses: { 200: ChannelView },
      handle: async ({ tx, params }) => reply(200, presentChannel(await requireChannel(tx, params.channel_id))),
    }),
    tenantRoute({
      ...ofChannel,
      operationId: 'changeChannel',
      method: 'PATCH',
      path: '/channels/:channel_id',
      summary: 'Rename a channel, switch it on or off, or let it lead elsewhere',
      access: 'channel.manage',
      body: ChannelChange,
      responses: { 200: ChannelView },
      prepare: async ({ tenantId, body: { url, recipients }, signal }) => {
        if (url !== undefined) await checkAddress(outbound, url, signal)
        if (recipients !== undefined) await confirmations.prepare(tenantId, recipients)
      },
      handle: async ({ tx, tenantId, caller, params: { channel_id: channelId }, body }) => {
        await changeChannel(tx, dependencies, { tenantId, channelId, changedBy: caller.id }, body)
        return reply(200, presentChannel(await requireChannel(tx, channelId)))
      },
    }),
    tenantRoute({
      ...ofChannel,
      operationId: 'rotateChannelSecret',
      method: 'POST',
      path: '/channels/:channel_id/rotate-secret',
      summary: 'Make a new signing secret for a webhook; the one before it signs too for 24 hours',
      access: 'channel.manage',
      responses: { 200: z.object({ signing_secret: z.string() }) },
      answer: 'secret',
      handle: async ({ tx, tenantId, caller, params: { channel_id: channelId } }) => {
        const who = { tenantId, channelId, changedBy: caller.id, now: new Date() }
        return reply(200, { signing_secret: await rotateSecret(tx, sealer, who) })
      },
    }),
    tenantRoute({
      ...ofChannel,
      operationId: 'testChannel',
      method: 'POST',
      path: '/channels/:channel_id/test',
      summary: 'Send a test message now, also over a channel that is switched off, and say what became of it',
      access: 'channel.manage',
      responses: { 200: TestView },
      prepare: async ({ tenantId, params: { channel_id }, signal }) => {
        const channel = await database.withTenant(tenantId, (tx) => requireChannel(tx, channel_id))
        await limitTests({ allowances, sealer }, channel)
        const reached = await reachedByTest(database, channel)
        return testChannel({ send, database }, reached, { tenantId, now: new Date() }, signal)
      },
      handle: async ({ tx, tenantId, caller, params, prepared: outcome }) => {
        const [subject, details] = [`channel:${params.channel_id}`, { outcome: outcome.kind }]
        await recordAudit(tx, { tenantId, actor: caller.id, action: 'channel.test', subject, details })
        return reply(200, presentTest(outcome))
      },
    }),
    tenantRoute({
      ...ofChannel,
      operationId: 'removeChannel',
      method: 'DELETE',
      path: '/channels/:channel_id',
      summary: 'Delete a channel with its subscriptions and deliveries; the notify channel can only be switched off',
      access: 'channel.manage',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { channel_id: channelId } }) => {
        await removeChannel(tx, { tenantId, channelId, changedBy: caller.id })
        return reply(204)
      },
    }),
  ]
}
