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
export { InvalidRules, loadBaseRules, readOverride, readRules } from './read-rules.ts'
export { classificationRoutes, MatchView } from './routes.ts'
export type { OverrideDocument } from './rule-document.ts'
export { isOutdated } from './rule-version.ts'

export const classificationMigrations = {
  module: 'desks/support/classification',
  directory: new URL('./migrations/', import.meta.url),
}

export const classificationPermissions = { 'classification.change_rules': 'manager' } as const
