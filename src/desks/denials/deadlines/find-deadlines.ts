import type { Fact, Facts, Field, Window, WindowKind } from '../facts/index.ts'
import { factOf } from '../facts/index.ts'
import { addTime, rollOver } from './add-time.ts'
import type { DeadlineKind, DeadlineRule, PlanLaw } from './rule.ts'
import { DEADLINE_RULES } from './rules.ts'

/** What a deadline rests on, the strongest first. */
export const BASES = ['stated_date', 'stated_time', 'plan_document', 'rule', 'assumption'] as const
export type Basis = (typeof BASES)[number]

/** One way to a date. `date` is the earliest that it may be: whoever keeps to it is in time under every reading. */
export type DeadlineCandidate = {
  basis: Basis
  date: string
  /** `date`, or the next business day where it is none: many payers take it, not all have to. */
  rolled: string
  /** Where nobody knows when a notice was received: the date if it came when the law presumes it did. */
  ifReceivedLater: string | null
  rule: Pick<DeadlineRule, 'id' | 'version' | 'citation'> | null
  /** Fields and times of the letter that it was computed from, as they stand there. */
  quotes: string[]
  explanation: string
}

export type Deadline = DeadlineCandidate & {
  kind: DeadlineKind
  /** The others, each less strong; a date that differs from the one that counts is a conflict to look at. */
  alternatives: DeadlineCandidate[]
  hasConflict: boolean
  /** What would settle an assumption. */
  question: string | null
}

export type Unknown = { kind: DeadlineKind; question: string }

export type DeadlineInput = {
  facts: Facts
  /** Of a plan document that belongs to the case. */
  planFacts?: Facts
  law: PlanLaw | null
}

const STATED: Partial<Record<DeadlineKind, Field>> = {
  appeal: 'dates.appeal_deadline',
  corrected_claim: 'dates.corrected_claim_deadline',
  external_review: 'dates.external_review_deadline',
}
const KINDS: readonly (WindowKind & DeadlineKind)[] = [
  'appeal',
  'external_review',
  'corrected_claim',
  'timely_filing',
  'information',
]

/**
 * Every deadline that a letter sets or the law does, each by the strongest way there is: a date in the letter, a time in the letter, the
 * plan's own document, the rule for its law; at last the earliest of what may hold, marked as an assumption with the question that
 * would settle it. What cannot be computed is asked for, never guessed.
 */
export function findDeadlines(input: DeadlineInput): { deadlines: Deadline[]; unknown: Unknown[] } {
  const deadlines: Deadline[] = []
  const unknown: Unknown[] = []
  for (const kind of KINDS) {
    const found = [
      ...stated(kind, input.facts),
      ...times(kind, input.facts, 'stated_time', input.facts),
      ...planned(kind, input),
    ]
    const byLaw = kind === 'appeal' || kind === 'timely_filing' ? ofRules(kind, input) : []
    const isClaimed = found.length > 0 || hasTime(kind, input.facts)
    // What the letter does not speak of is a deadline only where the law gives the right: an appeal.
    const usable = isClaimed || kind === 'appeal' ? [...found, ...byLaw] : []
    const [first, ...others] = usable.toSorted(strongest)
    if (first) deadlines.push(deadlineOf(kind, first, others, input.law))
    else if (isClaimed || kind === 'appeal') unknown.push({ kind, question: missing(kind, input.facts) })
  }
  return { deadlines, unknown }
}

/** By basis, then the earlier date: of two that are as strong, nobody is told the later one. */
const strongest = (one: DeadlineCandidate, other: DeadlineCandidate) =>
  BASES.indexOf(one.basis) - BASES.indexOf(other.basis) || (one.date < other.date ? -1 : one.date > other.date ? 1 : 0)

function deadlineOf(
  kind: DeadlineKind,
  first: DeadlineCandidate,
  others: DeadlineCandidate[],
  law: PlanLaw | null,
): Deadline {
  const statements = others.filter(({ basis }) => basis === 'stated_date' || basis === 'stated_time')
  const hasConflict =
    first.basis !== 'assumption' &&
    statements.some(({ date, ifReceivedLater }) => date !== first.date && ifReceivedLater !== first.date)
  const question =
    first.basis === 'assumption' && law === null
      ? 'What kind of plan is it: through an employer (self-funded or insured), a marketplace plan, Medicare, Medicare Advantage or Medicaid?'
      : null
  return { ...first, kind, alternatives: others, hasConflict, question }
}

function stated(kind: DeadlineKind, facts: Facts): DeadlineCandidate[] {
  const field = STATED[kind]
  const fact = field && factOf(facts, field)
  if (!fact) return []
  const explanation = `The letter names the date: “${fact.evidence.quote}”.`
  return [candidate('stated_date', fact.normalised, null, [fact.evidence.quote], explanation)]
}

function planned(kind: DeadlineKind, { planFacts, facts }: DeadlineInput): DeadlineCandidate[] {
  return planFacts ? times(kind, planFacts, 'plan_document', facts) : []
}

const hasTime = (kind: DeadlineKind, facts: Facts) => facts.windows.some((window) => window.kind === kind)

/** The times of one kind, each from the date that it counts from. */
function times(kind: DeadlineKind, source: Facts, basis: Basis, facts: Facts): DeadlineCandidate[] {
  return source.windows.filter((window) => window.kind === kind).flatMap((window) => timeFrom(window, basis, facts))
}

function timeFrom(window: Window, basis: Basis, facts: Facts): DeadlineCandidate[] {
  const start = startOf(window.from ?? 'notice', facts)
  if (!start) return []
  const date = addTime(start.fact.normalised, window)
  const later = start.isPresumed
    ? addTime(addTime(start.fact.normalised, { count: PRESUMED_DAYS, unit: 'days' }), window)
    : null
  const quotes = [window.evidence.quote, start.fact.evidence.quote]
  const where = basis === 'plan_document' ? 'The plan' : 'The letter'
  return [
    candidate(
      basis,
      date,
      later,
      quotes,
      `${where} gives “${window.evidence.quote}” from ${start.what}, ${start.fact.normalised}.`,
    ),
  ]
}

/** Mail takes so long where nobody says otherwise (42 CFR 405.942(a)(1) presumes it). */
const PRESUMED_DAYS = 5

type Start = { fact: Fact; what: string; isPresumed: boolean }

function startOf(from: NonNullable<Window['from']>, facts: Facts): Start | undefined {
  const fact = (field: Field) => factOf(facts, field)
  if (from === 'service') {
    const service = fact('dates.date_of_service')
    return service && { fact: service, what: 'the date of service', isPresumed: false }
  }
  const received = fact('dates.received')
  const notice = fact('dates.date_of_denial')
  if (from === 'receipt' && received && (!notice || received.normalised >= notice.normalised)) {
    return { fact: received, what: 'the day it was received', isPresumed: false }
  }
  if (!notice) return undefined
  if (from !== 'receipt') return { fact: notice, what: 'the date of the notice', isPresumed: false }
  return { fact: notice, what: 'its receipt, taken for the date of the notice', isPresumed: true }
}

function ofRules(kind: DeadlineKind, { facts, law }: DeadlineInput): DeadlineCandidate[] {
  const notice = factOf(facts, 'dates.date_of_denial')
  const applicable = DEADLINE_RULES.filter((rule) => rule.kind === kind && (law === null || rule.laws.includes(law)))
  const all = applicable.flatMap((rule): DeadlineCandidate[] => {
    if (notice && !isInForce(rule, notice.normalised)) return []
    const from = rule.from === 'submission' || rule.from === 'decision' ? 'notice' : rule.from
    const start = startOf(from, facts)
    if (!start) return []
    const date = addTime(start.fact.normalised, rule)
    const presumed = rule.receiptPresumedDays ?? (start.isPresumed ? PRESUMED_DAYS : undefined)
    const later =
      start.isPresumed && presumed !== undefined
        ? addTime(addTime(start.fact.normalised, { count: presumed, unit: 'days' }), rule)
        : null
    const explanation = `${rule.citation}: ${rule.count} ${rule.unit} from ${start.what}, ${start.fact.normalised}.`
    return [{ ...candidate('rule', date, later, [start.fact.evidence.quote], explanation), rule }]
  })
  if (law !== null || all.length === 0) return all
  // A time limit to file claims is nobody's whose plan is unknown.
  if (kind !== 'appeal') return []
  return all.map((each) => ({
    ...each,
    basis: 'assumption',
    explanation: `Assumed, as the plan’s law is not known. ${each.explanation}`,
  }))
}

const isInForce = ({ effectiveFrom, effectiveTo }: DeadlineRule, date: string) =>
  (effectiveFrom === null || date >= effectiveFrom) && (effectiveTo === null || date <= effectiveTo)

function candidate(
  basis: Basis,
  date: string,
  ifReceivedLater: string | null,
  quotes: string[],
  explanation: string,
): DeadlineCandidate {
  return { basis, date, rolled: rollOver(date), ifReceivedLater, rule: null, quotes, explanation }
}

function missing(kind: DeadlineKind, facts: Facts): string {
  if (kind === 'timely_filing') return 'What is the date of the service?'
  return factOf(facts, 'dates.date_of_denial')
    ? 'By when, or within what time, does the letter say it must be done?'
    : 'What is the date on the letter?'
}

/** Under which law a plan is, from what a letter calls it; null where it does not say. HMO or PPO is no law. */
export function lawOf(planType: string | undefined): PlanLaw | null {
  const laws: readonly string[] = ['ERISA', 'Marketplace', 'Medicare Advantage', 'Medicare', 'Medicaid']
  return planType !== undefined && laws.includes(planType) ? (planType as PlanLaw) : null
}
