import { z } from 'zod'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantIdField,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { DELIVERY_STATES } from './delivery.ts'
import { deliveryFault, deliveryNotFound } from './faults.ts'
import {
  type Attempt,
  type Delivery,
  findDelivery,
  listAttempts,
  listDeliveries,
  redrive,
  tenantOfDelivery,
} from './store.ts'

const timestamp = z.iso.datetime()

const DeliveryView = z
  .object({
    delivery_id: z.uuid().meta({ description: 'Sent with every attempt: a receiver knows repeats by it' }),
    tenant_id: z.string(),
    channel_id: z.uuid(),
    signal_id: z.uuid(),
    subject: z.string(),
    state: z.enum(DELIVERY_STATES),
    attempts: z.int(),
    due_at: timestamp
      .nullable()
      .meta({ description: 'When it is tried again, unless its circuit is open; null when it is not' }),
    created_at: timestamp,
    ended_at: timestamp.nullable(),
    last_failure: z.string().nullable().meta({ description: 'Of the last attempt, or why it is dead' }),
  })
  .meta({ id: 'Delivery' })

const AttemptView = z.object({
  attempt: z.int(),
  started_at: timestamp,
  ended_at: timestamp.nullable(),
  outcome: z
    .enum(['delivered', 'failed', 'refused', 'lost'])
    .nullable()
    .meta({ description: 'Null: under way. `lost`: nobody knows whether it arrived, so it is sent again' }),
  status_code: z.int().nullable(),
  reason: z.string().nullable(),
})

const ATTEMPTS_SHOWN = 100
const REDRIVEN_AT_ONCE_MAX = 1_000

/** Deliveries: the log of what was told whom, the dead letters, and sending again. */
export function deliveryRoutes(database: Database): Route[] {
  const ofDelivery = {
    tag: 'Deliveries',
    params: z.strictObject({ delivery_id: z.uuid() }),
    query: z.strictObject({ tenant_id: TenantIdField.optional() }),
    tenant: {
      of: async ({ delivery_id }: { delivery_id: string }) => {
        const why = 'a delivery is asked for by its id alone'
        const [[found]] = await database.acrossTenantsAtOnce(why, [tenantOfDelivery(delivery_id)])
        return found ? tenantId(found.tenant_id) : null
      },
      absent: deliveryNotFound,
    },
  }
  return [
    tenantRoute({
      operationId: 'listDeliveries',
      method: 'GET',
      path: '/deliveries',
      tag: 'Deliveries',
      summary: 'List deliveries, newest first; `state=dead` is the list of dead letters',
      access: 'delivery.read',
      tenant: 'query',
      query: z.strictObject({
        ...TenantQuery,
        ...PageQuery,
        state: z.enum(DELIVERY_STATES).optional(),
        channel_id: z.uuid().optional(),
        signal_id: z.uuid().optional(),
      }),
      responses: { 200: z.object({ deliveries: z.array(DeliveryView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, state, channel_id, signal_id }, request }) => {
        const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? []
        const found = await listDeliveries(tx, { state, channel_id, signal_id, before, limit: limit + 1 })
        const page = toPage(found, limit, ({ delivery_id }) => [delivery_id])
        return reply(
          200,
          { deliveries: page.rows.map(presentDelivery), next_cursor: page.nextCursor },
          linkHeader(request.originalUrl, page.nextCursor),
        )
      },
    }),
    tenantRoute({
      ...ofDelivery,
      operationId: 'showDelivery',
      method: 'GET',
      path: '/deliveries/:delivery_id',
      summary: `Show a delivery with its last ${ATTEMPTS_SHOWN} attempts`,
      access: 'delivery.read',
      responses: {
        200: DeliveryView.extend({ attempt_log: z.array(AttemptView) }).meta({ id: 'DeliveryWithAttempts' }),
      },
      handle: async ({ tx, params: { delivery_id } }) => {
        const delivery = await findDelivery(tx, delivery_id)
        if (!delivery) throw deliveryNotFound()
        const attempts = await listAttempts(tx, delivery_id, ATTEMPTS_SHOWN)
        return reply(200, { ...presentDelivery(delivery), attempt_log: attempts.map(presentAttempt) })
      },
    }),
    tenantRoute({
      ...ofDelivery,
      operationId: 'redriveDelivery',
      method: 'POST',
      path: '/deliveries/:delivery_id/redrive',
      summary: 'Send a delivery that has ended once more, under the same id',
      access: 'delivery.redrive',
      responses: { 200: DeliveryView },
      handle: async ({ tx, tenantId, caller, params: { delivery_id } }) => {
        const [redriven] = await redrive(tx, { deliveryId: delivery_id })
        const delivery = await findDelivery(tx, delivery_id)
        if (!delivery) throw deliveryNotFound()
        if (!redriven) {
          throw deliveryFault('deliveries.not_ended', {
            public: 'This delivery has not ended, or its channel is switched off.',
            internal: `delivery ${delivery_id} is ${delivery.state}`,
          })
        }
        await recordAudit(tx, {
          tenantId,
          actor: caller.id,
          action: 'delivery.redrive',
          subject: `delivery:${delivery_id}`,
        })
        return reply(200, presentDelivery(delivery))
      },
    }),
    tenantRoute({
      operationId: 'redriveDeliveries',
      method: 'POST',
      path: '/deliveries/redrive',
      tag: 'Deliveries',
      summary: `Send dead deliveries again, oldest first, at most ${REDRIVEN_AT_ONCE_MAX} at once`,
      access: 'delivery.redrive',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, channel_id: z.uuid().optional() }),
      responses: { 200: z.object({ redriven: z.int() }) },
      handle: async ({ tx, tenantId, caller, query: { channel_id: channelId } }) => {
        const redriven = (await redrive(tx, { channelId, limit: REDRIVEN_AT_ONCE_MAX })).length
        const subject = channelId === undefined ? 'channels' : `channel:${channelId}`
        const entry = { tenantId, actor: caller.id, action: 'delivery.redrive', subject }
        if (redriven > 0) await recordAudit(tx, { ...entry, details: { deliveries: redriven } })
        return reply(200, { redriven })
      },
    }),
  ]
}

function presentDelivery(delivery: Delivery): z.output<typeof DeliveryView> {
  const { due_at, created_at, ended_at, ...rest } = delivery
  return {
    ...rest,
    due_at: delivery.state === 'waiting' ? due_at.toISOString() : null,
    created_at: created_at.toISOString(),
    ended_at: ended_at?.toISOString() ?? null,
  }
}

function presentAttempt({ attempt, started_at, ended_at, outcome, status_code, reason }: Attempt) {
  return {
    ...{ attempt, status_code, reason },
    started_at: started_at.toISOString(),
    ended_at: ended_at?.toISOString() ?? null,
    outcome: outcome as z.output<typeof AttemptView>['outcome'],
  }
}
