export { addTime, daysBetween, isBusinessDay, rollOver } from './add-time.ts'
export {
  BASES,
  type Basis,
  type Deadline,
  type DeadlineCandidate,
  type DeadlineInput,
  findDeadlines,
  lawOf,
  type Unknown,
} from './find-deadlines.ts'
export { DEADLINE_KINDS, type DeadlineKind, type DeadlineRule, PLAN_LAWS, type PlanLaw } from './rule.ts'
export { DEADLINE_RULES } from './rules.ts'
