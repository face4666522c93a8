import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import { type CompiledRules, compileRules } from './compile-rules.ts'
import { findOverride, type StoredOverride } from './override-store.ts'
import { loadBaseRules, readOverride } from './read-rules.ts'
import type { RuleDocument } from './rule-document.ts'
import { InvalidRules } from './rule-problem.ts'

export type Classifier = {
  /** The shipped rules. */
  base: RuleDocument
  /** The tenant's rules, at most a second old: other processes change them too. */
  rulesOf(tenantId: TenantId): Promise<CompiledRules>
  /** The tenant's rules as this transaction sees them. */
  currentRules(tx: Tx): Promise<CompiledRules>
}

/** How long rules are used before the table is asked again; a change takes effect within that, without a restart. */
export const RULES_FRESH_MS = 1_000
/** Tenants whose rules are kept: about 2 kB each, up to a few megabytes with many words of their own. */
const TENANTS_KEPT = 1_000

type Fresh = { rules: CompiledRules; readAt: number }
type Compiled = { rules: CompiledRules; content: string }

export function openClassifier(database: Database, logger: Logger): Classifier {
  const base = loadBaseRules()
  const fresh = new Map<TenantId, Fresh>()
  const compiled = new Map<string, Compiled>()

  /** Also those that were stored before there was a bound for them are read as if they came in just now. */
  const compile = ({ tenant_id, document }: StoredOverride): CompiledRules => {
    try {
      return compileRules(base, readOverride(base, document))
    } catch (error) {
      if (!(error instanceof InvalidRules)) throw error
      // Written for rules that shipped before: until it is mended, the shipped ones serve; the tenant's runs go on.
      const about = { err: error, tenant_id, component: 'classification' }
      logger.warn(about, 'a tenant’s own rules do not fit the shipped ones, or their bounds')
      return compileRules(base)
    }
  }

  const currentRules = async (tx: Tx): Promise<CompiledRules> => {
    const override = await findOverride(tx)
    if (!override) return compileRules(base)
    const { tenant_id, content } = override
    const known = compiled.get(tenant_id)
    const rules = known?.content === content ? known.rules : compile(override)
    keep(compiled, tenant_id, { rules, content })
    return rules
  }

  return {
    base,
    currentRules,
    rulesOf: async (tenantId) => {
      const known = fresh.get(tenantId)
      if (known && performance.now() - known.readAt < RULES_FRESH_MS) return known.rules
      const rules = await database.withTenant(tenantId, currentRules)
      keep(fresh, tenantId, { rules, readAt: performance.now() })
      return rules
    },
  }
}

/** Those that were used longest ago make room. */
function keep<Key, Value>(into: Map<Key, Value>, key: Key, value: Value): void {
  into.delete(key)
  into.set(key, value)
  const [oldest] = into.keys()
  if (into.size > TENANTS_KEPT && oldest !== undefined) into.delete(oldest)
}
