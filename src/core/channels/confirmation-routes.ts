import { z } from 'zod'
import type { Database } from '../../platform/database/index.ts'
import { platformRoute, type Route, reply, TenantQuery, tenantRoute } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import type { Confirmations } from './confirm-addresses.ts'
import { requireChannel } from './store.ts'
import { ChannelView, presentChannel } from './view.ts'

/** How owners of mail addresses are asked, and what they answer. */
export function confirmationRoutes({
  database,
  confirmations,
}: {
  database: Database
  confirmations: Confirmations
}): Route[] {
  return [
    tenantRoute({
      operationId: 'askForConfirmation',
      method: 'POST',
      path: '/channels/:channel_id/ask-for-confirmation',
      summary: 'Ask the addresses of an e-mail channel that have not confirmed once more',
      tag: 'Channels',
      access: 'channel.manage',
      tenant: 'query',
      query: z.strictObject(TenantQuery),
      params: z.strictObject({ channel_id: z.uuid() }),
      responses: { 202: ChannelView },
      prepare: async ({ tenantId, params }) => {
        const { awaiting } = await database.readTenant(tenantId, (tx) => requireChannel(tx, params.channel_id))
        await confirmations.prepareAgain(tenantId, awaiting)
      },
      handle: async ({ tx, tenantId, caller, params }) => {
        const channel = await requireChannel(tx, params.channel_id)
        await confirmations.askAgain(tx, tenantId, channel.awaiting)
        const line = { action: 'channel.ask_for_confirmation', subject: `channel:${params.channel_id}` }
        await recordAudit(tx, { tenantId, actor: caller.id, ...line, details: { asked: channel.awaiting.length } })
        return reply(202, presentChannel(channel))
      },
    }),
    platformRoute({
      operationId: 'confirmChannelAddress',
      method: 'POST',
      path: '/channels/confirm-address',
      summary: 'Confirm, as the owner of a mail address, that channels of a tenant may lead there',
      tag: 'Channels',
      access: 'public',
      body: z.strictObject({ token: z.string().min(1).max(100) }),
      responses: { 200: z.strictObject({ tenant_id: z.string(), address: z.string() }) },
      handle: async ({ body }) => {
        const { tenantId, address } = await confirmations.confirm(body.token)
        return reply(200, { tenant_id: tenantId, address })
      },
    }),
  ]
}
