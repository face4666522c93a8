export { CONFIDENCE_MIN, extractFacts } from './extract-facts.ts'
export {
  type Candidate,
  type Code,
  type CodeType,
  type Evidence,
  type Fact,
  type Facts,
  FIELDS,
  type Field,
  factOf,
  type Method,
  type Window,
  type WindowKind,
} from './fact.ts'
export { isNpi } from './find-codes.ts'
export { type FoundDate, findDates } from './find-dates.ts'
