import type { Logger } from '../../../kernel/logger.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import { type CompiledRules, compileRules } from './compile-rules.ts'
import { findOverride } from './override-store.ts'
import { InvalidRules, loadBaseRules, readOverride } from './read-rules.ts'
import type { RuleDocument } from './rule-document.ts'

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
/** Tenants whose rules are kept: about 2 kB each, more with many words of their own. */
const TENANTS_KEPT = 1_000

type Kept = { rules: CompiledRules; readAt: number }

export function openClassifier(database: Database, logger: Logger): Classifier {
  const base = loadBaseRules()
  const kept = new Map<TenantId, Kept>()

  const currentRules = async (tx: Tx): Promise<CompiledRules> => {
    const override = await findOverride(tx)
    if (!override) return compileRules(base)
    try {
      return compileRules(base, readOverride(base, override.document))
    } catch (error) {
      if (!(error instanceof InvalidRules)) throw error
      // Written for rules that shipped before: until it is mended, the shipped ones serve; the tenant's runs go on.
      logger.warn({ err: error, component: 'classification' }, 'a tenant’s own rules do not fit the shipped ones')
      return compileRules(base)
    }
  }

  return {
    base,
    currentRules,
    rulesOf: async (tenantId) => {
      const known = kept.get(tenantId)
      if (known && performance.now() - known.readAt < RULES_FRESH_MS) return known.rules
      const rules = await database.withTenant(tenantId, currentRules)
      kept.delete(tenantId)
      // The same object while nothing changed: callers may compare.
      const unchanged = known?.rules.version === rules.version ? known.rules : rules
      kept.set(tenantId, { rules: unchanged, readAt: performance.now() })
      const [oldest] = kept.keys()
      if (kept.size > TENANTS_KEPT && oldest !== undefined) kept.delete(oldest)
      return unchanged
    },
  }
}
