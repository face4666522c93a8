import { defineModule } from '../../../platform/module/index.ts'
import { type Classifier, openClassifier } from './classifier.ts'
import { classificationRoutes, type RulesChanged } from './routes.ts'

export { type Classifier, openClassifier, RULES_FRESH_MS } from './classifier.ts'
export {
  type Classification,
  classify,
  HEAD_CHARACTERS,
  MATCHES_MAX,
  type Match,
  TAIL_CHARACTERS,
  type TicketText,
} from './classify.ts'
export { type CompiledRules, compileRules } from './compile-rules.ts'
export { SENTIMENTS, type Sentiment, URGENCIES, type Urgency } from './labels.ts'
export { loadBaseRules, readOverride, readRules } from './read-rules.ts'
export { MatchView } from './routes.ts'
export type { OverrideDocument } from './rule-document.ts'
export { InvalidRules } from './rule-problem.ts'
export { isOutdated } from './rule-version.ts'

export type ClassificationApi = {
  classifier: Classifier
  /** Has `then` done in the transaction that changes a tenant's rules. Once, by who keeps what was classified. */
  onRulesChanged(then: RulesChanged): void
}

/** What a text means: by the shipped rules, and by what each tenant has changed about them. */
export const classificationModule = defineModule<ClassificationApi>({
  name: 'desks/support/classification',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    rule_overrides: { becomes: 'kept', what: 'a tenant’s own rules', why: 'One row for each tenant.' },
  },
  permissions: { 'classification.change_rules': 'manager' },
  open: ({ database, logger }) => {
    const classifier = openClassifier(database, logger)
    const changed = Promise.withResolvers<RulesChanged>()
    return {
      api: { classifier, onRulesChanged: changed.resolve },
      routes: classificationRoutes(classifier, async (...change) => (await changed.promise)(...change)),
    }
  },
})
