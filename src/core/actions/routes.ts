import { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../platform/database/index.ts'
import {
  type Caller,
  decodeCursor,
  httpFault,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import type { AnyAction, Step } from './action.ts'
import { applyPlan } from './apply.ts'
import { PLAN_TOKEN_PATTERN } from './plan-token.ts'
import { previewPlan } from './preview.ts'
import { type Catalogue, type CheckedStep, checkSteps } from './run-steps.ts'
import { selectReceipts } from './store.ts'
import { requireReceipt } from './undo.ts'
import {
  ActionView,
  AppliedView,
  PlanView,
  presentAction,
  presentOutcome,
  presentReceipt,
  ReceiptView,
} from './view.ts'

const STEPS_MAX = 100
const ActionName = z.string().regex(/^[a-z][a-z_]{0,39}\.[a-z][a-z_]{0,39}$/, 'must be an action, as `trip.cancel`')
const Parameters = z.record(z.string().min(1).max(100), z.unknown())
const Steps = z
  .array(z.strictObject({ action: ActionName, parameters: Parameters }))
  .min(1)
  .max(STEPS_MAX)
const Place = z.string().regex(/^[a-z][a-z_]{0,39}$/, 'must be a place, as `trip`')
const Actor = z
  .string()
  .regex(/^(operator|system|(person|key):[\w-]{1,100})$/, 'must be `operator`, `system`, `person:<id>` or `key:<id>`')
const Thing = z.string().regex(/^[a-z][a-z_]{0,39}:[\w-]{1,100}$/, 'must be a thing, as `trip:<id>`')

type Dependencies = { catalogue: Catalogue; database: Pick<Database, 'readTenant'>; secret: string }

/** What a person may do, what would come of it, doing it, and what was done. */
export function actionRoutes({ catalogue, database, secret }: Dependencies): Route[] {
  const inTenant = { tag: 'Actions', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  /** Before the transaction opens: whether somebody may do something may have to be looked up. */
  const allow = async (
    { caller, tenantId }: Asking,
    steps: readonly Step[],
    field?: string,
  ): Promise<CheckedStep[]> => {
    const checked = checkSteps(catalogue, steps, field)
    for (const { action, parameters } of checked) {
      await demand({ caller, tenantId }, action.permission)
      if (!action.alsoNeeds) continue
      const { alsoNeeds } = action
      const more = await database.readTenant(tenantId, (tx) => alsoNeeds(tx, parameters as never))
      for (const permission of more) await demand({ caller, tenantId }, permission)
    }
    return checked
  }
  const previewing = { ...inTenant, access: 'action.preview', responses: { 200: PlanView } } as const
  const preview = async (tx: Tx, { caller, tenantId }: Asking, steps: readonly CheckedStep[]) => {
    const { outcome, risk, token, expiresAt } = await previewPlan(tx, { tenantId, actor: caller.id, secret }, steps)
    return reply(200, { ...presentOutcome(outcome), risk, token, expires_at: expiresAt.toISOString() })
  }

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'listActions',
      method: 'GET',
      path: '/actions',
      summary: 'List what the caller may do, with the schemas of the parameters',
      access: 'action.read',
      query: z.strictObject({ ...TenantQuery, place: Place.optional() }),
      responses: { 200: z.object({ actions: z.array(ActionView) }) },
      prepare: ({ caller, tenantId }) => mayDo({ caller, tenantId }, [...catalogue.values()]),
      handle: async ({ prepared, query: { place } }) => {
        const offered = prepared.filter(({ places }) => place === undefined || places.includes(place))
        return reply(200, { actions: offered.map(presentAction) })
      },
    }),
    tenantRoute({
      ...previewing,
      operationId: 'previewAction',
      method: 'POST',
      path: '/actions/:name/preview',
      summary: 'Say what an action would change, for whom, and give the token that lets exactly that happen',
      params: z.strictObject({ name: ActionName }),
      body: z.strictObject({ parameters: Parameters }),
      prepare: (asked) =>
        allow(asked, [{ action: asked.params.name, parameters: asked.body.parameters }], 'parameters'),
      handle: (asked) => preview(asked.tx, asked, asked.prepared),
    }),
    tenantRoute({
      ...previewing,
      operationId: 'previewActions',
      method: 'POST',
      path: '/actions/preview',
      summary: 'The same for several actions, that are applied all or not at all',
      body: z.strictObject({ steps: Steps }),
      prepare: (asked) => allow(asked, asked.body.steps),
      handle: (asked) => preview(asked.tx, asked, asked.prepared),
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'applyActions',
      method: 'POST',
      path: '/actions/apply',
      summary: 'Do it, all steps or none: what is safe at once, the rest with the token of its preview',
      access: 'action.apply',
      body: z.strictObject({
        steps: Steps,
        token: z.string().regex(PLAN_TOKEN_PATTERN, 'must be the token of a preview').optional(),
        on_behalf_of: Thing.optional().meta({
          description: 'For whom, as `person:<id>`; stands in the receipt and the audit log',
        }),
      }),
      responses: { 200: AppliedView },
      prepare: (asked) => allow(asked, asked.body.steps),
      handle: async ({ tx, tenantId, caller, body, prepared, requestId }) => {
        const who = { tenantId, actor: caller.id, onBehalfOf: body.on_behalf_of, token: body.token, requestId, secret }
        const { receipt_id, outcome } = await applyPlan(tx, who, prepared)
        return reply(200, { receipt_id, ...presentOutcome(outcome) })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listActionReceipts',
      method: 'GET',
      path: '/actions/receipts',
      summary: 'List what was done, newest first',
      access: 'action.read',
      query: z.strictObject({
        ...{ ...TenantQuery, ...PageQuery, actor: Actor.optional(), action: ActionName.optional() },
        subject: Thing.optional().meta({ description: 'What it was done to, as `trip:<id>`' }),
      }),
      responses: { 200: z.object({ receipts: z.array(ReceiptView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, actor, action, subject }, request }) => {
        const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? []
        const { rows, found } = await selectReceipts(tx, { before, limit, actor, action, subject })
        const page = toPage(rows, limit, ({ receipt_id }) => [receipt_id], found)
        const body = { receipts: page.rows.map(presentReceipt), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'showActionReceipt',
      method: 'GET',
      path: '/actions/receipts/:receipt_id',
      summary: 'Show what was done, row by row',
      access: 'action.read',
      params: z.strictObject({ receipt_id: z.uuid() }),
      responses: { 200: ReceiptView },
      handle: async ({ tx, params }) => reply(200, presentReceipt(await requireReceipt(tx, params.receipt_id))),
    }),
  ]
}

type Asking = { caller: Caller; tenantId: TenantId }

async function mayDo({ caller, tenantId }: Asking, actions: readonly AnyAction[]): Promise<AnyAction[]> {
  const decisions = await Promise.all(actions.map(({ permission }) => caller.decide(permission, tenantId)))
  return actions.filter((_action, at) => decisions[at] === 'allowed')
}

async function demand({ caller, tenantId }: Asking, permission: string): Promise<void> {
  if ((await caller.decide(permission, tenantId)) === 'allowed') return
  throw httpFault('http.forbidden', {
    public: `You need the permission ${permission} in tenant ${tenantId}. Ask an owner for a role that has it.`,
    internal: `${caller.id} lacks ${permission} in ${tenantId}`,
  })
}
