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
export { type Language, SENTIMENTS, type Sentiment, URGENCIES, type Urgency } from './labels.ts'
export { InvalidRules, loadBaseRules, type RuleProblem, readOverride, readRules } from './read-rules.ts'
export type { OverrideDocument, RuleDocument } from './rule-document.ts'
