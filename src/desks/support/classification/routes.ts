import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import type { Classifier } from './classifier.ts'
import { classify } from './classify.ts'
import { classificationFault } from './faults.ts'
import { SENTIMENTS, URGENCIES } from './labels.ts'
import { deleteOverride, findOverride, saveOverride } from './override-store.ts'
import { readOverride } from './read-rules.ts'
import type { RuleDocument } from './rule-document.ts'
import { InvalidRules, type RuleProblem } from './rule-problem.ts'

export const MatchView = z
  .object({
    rule: z.string(),
    dimension: z.enum(['urgency', 'sentiment', 'action']),
    score: z.number().meta({ description: 'What it added; 0 when it stands in the text and does not count' }),
    text: z.string(),
    where: z.enum(['subject', 'message']),
    from: z.int().meta({ description: 'Offset in UTF-16 code units' }),
    to: z.int(),
    negated: z.literal(true).optional(),
    dropped: z.string().optional().meta({ description: 'Why it does not count: negated, hypothetical or context' }),
  })
  .meta({ id: 'ClassificationMatch' })

const ClassificationView = z
  .object({
    urgency: z.enum(URGENCIES),
    sentiment: z.enum(SENTIMENTS),
    requires_action: z.boolean(),
    language: z.string(),
    rule_version: z.string(),
    scores: z.object({ urgency: z.number(), sentiment: z.number(), action: z.number() }),
    matches: z.array(MatchView),
    incomplete: z.literal(true).optional().meta({
      description: 'The text took all the work that terms may make of one; what stands further on is missing',
    }),
  })
  .meta({ id: 'Classification' })

const RulesView = z.object({
  rule_version: z.string(),
  override: z.unknown().nullable(),
  problems: z.array(z.object({ path: z.string(), message: z.string() })).meta({
    description: 'Why the override is not in force: it does not fit the rules shipped since, or their bounds',
  }),
  updated_by: z.string().nullable(),
  updated_at: z.iso.datetime().nullable(),
})

/** Starts the reclassification of what the tenant has; part of the change's transaction. */
export type RulesChanged = (tx: Tx, tenantId: TenantId, changedBy: string) => Promise<{ taskId: string }>

const inTenant = { tag: 'Classification', tenant: 'query', query: z.strictObject(TenantQuery) } as const
const Changed = z.object({ rule_version: z.string(), task_id: z.uuid() })

export function classificationRoutes(classifier: Classifier, rulesChanged: RulesChanged): Route[] {
  const changed = async (tx: Tx, tenantId: TenantId, changedBy: string) => {
    const { version } = await classifier.currentRules(tx)
    const details = { rule_version: version }
    const subject = 'classification:rules'
    await recordAudit(tx, { tenantId, actor: changedBy, action: 'classification.change_rules', subject, details })
    const { taskId } = await rulesChanged(tx, tenantId, changedBy)
    return reply(200, { rule_version: version, task_id: taskId })
  }

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'classifyText',
      method: 'POST',
      path: '/classify',
      summary: 'Classify a text by the tenant’s rules, and say why; nothing is stored',
      access: 'ticket.read',
      body: z.strictObject({
        subject: z.string().max(10_000).default(''),
        message: z.string().max(1_000_000).default(''),
      }),
      // Nothing changes by it.
      responses: { 200: ClassificationView },
      handle: async ({ tx, body }) => reply(200, classify(await classifier.currentRules(tx), body)),
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'showClassificationRules',
      method: 'GET',
      path: '/classification/rules',
      summary: 'Show which rules a tenant’s tickets are classified by, and what the tenant has changed about them',
      access: 'ticket.read',
      responses: { 200: RulesView },
      handle: async ({ tx }) => {
        const override = await findOverride(tx)
        return reply(200, {
          rule_version: (await classifier.currentRules(tx)).version,
          override: override?.document ?? null,
          problems: override ? problemsOf(classifier.base, override.document).slice(0, PROBLEMS_SHOWN) : [],
          updated_by: override?.updated_by ?? null,
          updated_at: override?.updated_at.toISOString() ?? null,
        })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'changeClassificationRules',
      method: 'PUT',
      path: '/classification/rules',
      summary: 'Change the rules for one tenant; what it has is classified again by a task',
      access: 'classification.change_rules',
      body: z.record(z.string().max(100), z.unknown()).meta({ description: 'See docs/classification-rules.md' }),
      responses: { 200: Changed },
      handle: async ({ tx, tenantId, caller, body }) => {
        await saveOverride(tx, checked(classifier.base, body), caller.id)
        return changed(tx, tenantId, caller.id)
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'resetClassificationRules',
      method: 'DELETE',
      path: '/classification/rules',
      summary: 'Go back to the shipped rules; what the tenant has is classified again by a task',
      access: 'classification.change_rules',
      responses: { 200: Changed },
      handle: async ({ tx, tenantId, caller }) => {
        await deleteOverride(tx)
        return changed(tx, tenantId, caller.id)
      },
    }),
  ]
}

const PROBLEMS_SHOWN = 50

function problemsOf(base: RuleDocument, document: unknown): readonly RuleProblem[] {
  try {
    readOverride(base, document)
    return []
  } catch (error) {
    if (!(error instanceof InvalidRules)) throw error
    return error.problems
  }
}

/** @throws classification.invalid_rules, with the path of each mistake */
function checked(base: RuleDocument, document: unknown): unknown {
  const problems = problemsOf(base, document)
  if (problems.length === 0) return document
  throw classificationFault('classification.invalid_rules', {
    public: `The rules cannot be used: ${problems
      .slice(0, 5)
      .map(({ path, message }) => `${path}: ${message}`)
      .join('; ')}.`,
    internal: 'an override that does not fit the rule language',
    extensions: { errors: problems.slice(0, PROBLEMS_SHOWN).map(asFieldError) },
  })
}

/** An unknown key is named by the message; its path is where it stands. */
function asFieldError({ path, message }: RuleProblem) {
  const key = path === '' ? /"([^"]+)"/.exec(message)?.[1] : undefined
  return { in: 'body', field: path || (key ?? '(whole)'), message }
}
