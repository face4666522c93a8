import { z } from 'zod'
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
import { recordAudit } from '../audit/index.ts'
import { SEVERITIES } from '../signals/index.ts'
import { channelFault, channelNotFound } from './faults.ts'
import { findChannelToChange } from './store.ts'
import {
  deleteSubscription,
  findSubscription,
  insertSubscription,
  listSubscriptions,
  type SubscriptionRow,
  updateSubscription,
} from './subscription-store.ts'

/** Each is looked at for every signal of the tenant. */
const PER_CHANNEL_MAX = 20

const kind = z
  .string()
  .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/, 'must be a kind of signal, e.g. ticket.urgent')
  .max(100)
const kinds = z
  .array(kind)
  .max(50)
  .overwrite((all) => [...new Set(all)])
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59')
const quietHours = z
  .strictObject({ from: clockTime, to: clockTime })
  .refine(({ from, to }) => from !== to, 'from and to must differ')
  .nullable()
  .meta({ description: 'On the tenant’s clocks, over midnight when `from` is later than `to`; null: none' })

const NewSubscriptionBody = z.strictObject({
  channel_id: z.uuid(),
  kinds: kinds.default([]).meta({ description: 'Of signals; none means all' }),
  minimum_severity: z.enum(SEVERITIES).default('info'),
  quiet_hours: quietHours.default(null),
})
const SubscriptionChange = z.strictObject({
  kinds: kinds.optional(),
  minimum_severity: z.enum(SEVERITIES).optional(),
  quiet_hours: quietHours.optional(),
})

const SubscriptionView = z
  .object({
    subscription_id: z.uuid(),
    tenant_id: z.string(),
    channel_id: z.uuid(),
    kinds: z.array(z.string()),
    minimum_severity: z.enum(SEVERITIES),
    quiet_hours: z.object({ from: z.string(), to: z.string() }).nullable(),
    created_by: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Subscription' })

const minutes = (time: string) => time.slice(0, 5)

function present(row: SubscriptionRow): z.output<typeof SubscriptionView> {
  const { quiet_from: from, quiet_to: to, created_at, ...others } = row
  const quiet_hours = from === null || to === null ? null : { from: minutes(from), to: minutes(to) }
  return { ...others, quiet_hours, created_at: created_at.toISOString() }
}

const subscriptionNotFound = () =>
  channelFault('channels.subscription_not_found', {
    public: 'This tenant has no subscription with this id.',
    internal: 'no such subscription in the tenant',
  })

const ofQuietHours = (hours: z.output<typeof quietHours>) => ({ from: hours?.from ?? null, to: hours?.to ?? null })

const tooMany = () =>
  channelFault('channels.too_many_subscriptions', {
    public: `A channel has at most ${PER_CHANNEL_MAX} subscriptions. One can name many kinds.`,
    internal: `the channel has ${PER_CHANNEL_MAX} subscriptions`,
  })

/** Which signals a channel is told. */
export function subscriptionRoutes(): Route[] {
  const inTenant = { tag: 'Channels', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofSubscription = { ...inTenant, params: z.strictObject({ subscription_id: z.uuid() }) }
  const subjectOf = ({ subscription_id }: { subscription_id: string }) => `subscription:${subscription_id}`

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'addSubscription',
      method: 'POST',
      path: '/subscriptions',
      summary: 'Let a channel be told of signals',
      access: 'channel.manage',
      body: NewSubscriptionBody,
      responses: { 201: SubscriptionView },
      handle: async ({ tx, tenantId, caller, body: { quiet_hours, ...body } }) => {
        if (!(await findChannelToChange(tx, body.channel_id))) throw channelNotFound()
        const { from: quiet_from, to: quiet_to } = ofQuietHours(quiet_hours)
        const terms = { ...body, quiet_from, quiet_to, created_by: caller.id }
        const row = await insertSubscription(tx, terms, PER_CHANNEL_MAX)
        if (!row) throw tooMany()
        const details = { channel_id: row.channel_id, kinds: row.kinds, minimum_severity: row.minimum_severity }
        const [action, subject] = ['subscription.add', subjectOf(row)]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details })
        const location = `/api/v1/subscriptions/${row.subscription_id}?tenant_id=${tenantId}`
        return reply(201, present(row), { location })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listSubscriptions',
      method: 'GET',
      path: '/subscriptions',
      summary: 'List a tenant’s subscriptions, oldest first',
      access: 'channel.read',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, channel_id: z.uuid().optional() }),
      responses: { 200: z.object({ subscriptions: z.array(SubscriptionView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, channel_id: channelId }, request }) => {
        const [after] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? []
        const found = await listSubscriptions(tx, { channelId, after, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.subscription_id])
        const body = { subscriptions: rows.map(present), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...ofSubscription,
      operationId: 'showSubscription',
      method: 'GET',
      path: '/subscriptions/:subscription_id',
      summary: 'Show a subscription',
      access: 'channel.read',
      responses: { 200: SubscriptionView },
      handle: async ({ tx, params }) => {
        const row = await findSubscription(tx, params.subscription_id)
        if (!row) throw subscriptionNotFound()
        return reply(200, present(row))
      },
    }),
    tenantRoute({
      ...ofSubscription,
      operationId: 'changeSubscription',
      method: 'PATCH',
      path: '/subscriptions/:subscription_id',
      summary: 'Change what a channel is told; it holds for signals raised from now on',
      access: 'channel.manage',
      body: SubscriptionChange,
      responses: { 200: SubscriptionView },
      handle: async ({ tx, tenantId, caller, params, body: { kinds, minimum_severity, quiet_hours } }) => {
        const quiet = quiet_hours === undefined ? undefined : ofQuietHours(quiet_hours)
        const row = await updateSubscription(tx, params.subscription_id, { kinds, minimum_severity, quiet })
        if (!row) throw subscriptionNotFound()
        const fields = Object.entries({ kinds, minimum_severity, quiet_hours }).flatMap(([field, value]) =>
          value === undefined ? [] : [field],
        )
        const [action, subject] = ['subscription.change', subjectOf(row)]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details: { fields } })
        return reply(200, present(row))
      },
    }),
    tenantRoute({
      ...ofSubscription,
      operationId: 'removeSubscription',
      method: 'DELETE',
      path: '/subscriptions/:subscription_id',
      summary: 'Stop telling a channel; what was raised before is still told',
      access: 'channel.manage',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params }) => {
        if (!(await deleteSubscription(tx, params.subscription_id))) throw subscriptionNotFound()
        const [action, subject] = ['subscription.remove', subjectOf(params)]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject })
        return reply(204)
      },
    }),
  ]
}
