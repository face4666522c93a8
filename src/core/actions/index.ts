import type { Tx } from '../../platform/database/index.ts'
import { type Deed, defineModule, type Permissions } from '../../platform/module/index.ts'
import { keepSecret } from '../../platform/sealing/index.ts'
import { auditModule } from '../audit/index.ts'
import { tenancyModule } from '../tenancy/index.ts'
import type { AnyAction } from './action.ts'
import { type Applied, applyPlan } from './apply.ts'
import { actionRoutes } from './routes.ts'
import type { Catalogue, Who } from './run-steps.ts'
import { undoAction } from './undo.ts'

export {
  type Action,
  type ActionContext,
  type Affected,
  type AnyAction,
  type Change,
  type ClockMove,
  defineAction,
  type Json,
  type Money,
  RISKS,
  type Risk,
  type Step,
} from './action.ts'
export { refuseStale } from './refuse-stale.ts'

export type ActionsApi = {
  /** What a clock of the system does: a safe action with a receipt, as if somebody had. */
  applyBySystem(tx: Tx, who: Pick<Who, 'tenantId'>, step: { action: AnyAction; parameters: unknown }): Promise<Applied>
}

const needs = { audit: auditModule, tenancy: tenancyModule }

/** Changes that people make: declared once, previewed, confirmed, applied once, taken back. */
export const actionsModule = defineModule<ActionsApi, typeof needs>({
  name: 'core/actions',
  migrations: new URL('./migrations/', import.meta.url),
  needs,
  permissions: {
    'action.read': 'viewer',
    'action.preview': 'agent',
    'action.apply': 'agent',
    'action.undo': 'agent',
  },
  retention: {
    action_plans: {
      becomes: 'removed',
      what: 'previews that have expired',
      why: 'Ten minutes after it was made nobody can apply it; a day answers why not.',
      days: 1,
      since: 'expires_at',
      scope: { of: 'all', key: ['tenant_id', 'plan_id'] },
    },
    action_receipts: {
      becomes: 'removed',
      what: 'receipts of what people did',
      why: 'As the audit log, which tells less of it.',
      days: 730,
      since: 'applied_at',
      scope: { of: 'tenant', least: 30, most: 3_650, id: 'receipt_id', found: 'id' },
    },
    action_changes: {
      becomes: 'removed with',
      table: 'action_receipts',
      what: 'rows as they were and became',
      why: 'A foreign key removes them.',
    },
    action_counts: {
      becomes: 'removed',
      what: 'how often somebody did something on a day',
      why: 'The day is over everywhere after two.',
      days: 2,
      since: `day + time '24:00'`,
      scope: { of: 'all', key: ['tenant_id', 'actor', 'action', 'day'] },
    },
  },
  open: async ({ database, permissions }) => {
    const secret = await keepSecret(database, 'action-plans')
    const bySystem = { actor: 'system', requestId: 'system', secret }
    return {
      api: { applyBySystem: (tx, who, step) => applyPlan(tx, { ...who, ...bySystem }, [step]) },
      routes: ({ actions }) => actionRoutes({ database, secret, catalogue: catalogueOf(actions, permissions) }),
    }
  },
})

/** Every action of every module, and undoing them. Throws when two have one name, or one asks for a permission that there is not. */
export function catalogueOf(deeds: readonly Deed[], permissions: Permissions): Catalogue {
  const catalogue = new Map<string, AnyAction>()
  const undo = undoAction(catalogue)
  for (const action of [undo, ...(deeds as readonly AnyAction[])]) {
    if (catalogue.has(action.name)) throw new Error(`two modules declare the action ${action.name}`)
    if (!(action.permission in permissions))
      throw new Error(`${action.name} asks for ${action.permission}, which nobody declares`)
    catalogue.set(action.name, action)
  }
  return catalogue
}
