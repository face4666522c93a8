import { lineAt, type Reading } from '../reading/index.ts'
import { findDateRoles } from './date-roles.ts'
import { type Candidate, type Evidence, type Fact, type Facts, FIELDS } from './fact.ts'
import { findAmounts } from './find-amounts.ts'
import { findCodes } from './find-codes.ts'
import { findContacts } from './find-contacts.ts'
import { findIdentifiers } from './find-identifiers.ts'
import { findParties, findPlanType } from './find-parties.ts'
import { findReason } from './find-reason.ts'
import type { Found } from './found.ts'
import { findTimeLimits } from './window-kinds.ts'

/** What is surer than this is a fact; below, it is kept as a candidate only. */
export const CONFIDENCE_MIN = 0.5

/** A letter is no longer; what follows is an appendix, and every rule's work is bounded by it. */
const CHARACTERS_READ_MAX = 100_000
/** Of one letter. A letter has a handful; what is in none is no letter. */
const CANDIDATES_MAX = 20
const CODES_MAX = 300
const WINDOWS_MAX = 50

/**
 * Everything that a letter says about a case, by rules alone. Each fact has its place in the text; of several values for one field the
 * surest counts, then the first, and the others are kept with what they lost by.
 */
export function extractFacts(reading: Reading, documentId: string): Facts {
  const text = reading.text.slice(0, CHARACTERS_READ_MAX)
  const dayFirst = isSpanishOfElsewhere(text)
  const evidence = (start: number, end: number): Evidence => ({
    ...{ documentId, page: lineAt(reading, start)?.page ?? 1, start, end, quote: text.slice(start, end) },
  })
  const found = [
    ...[findIdentifiers, findAmounts, findParties, findPlanType, findContacts, findReason].flatMap((find) =>
      find(text),
    ),
    ...findDateRoles(text, { dayFirst }),
  ]
  const { facts, candidates } = choose(found, evidence)
  const codes = findCodes(text)
    .slice(0, CODES_MAX)
    .map(({ start, end, ...code }) => ({ ...code, evidence: evidence(start, end) }))
  const windows = findTimeLimits(text)
    .slice(0, WINDOWS_MAX)
    .map(({ start, end, kind, count, unit, from, confidence }) => ({
      ...{ kind, count, unit, from, confidence, evidence: evidence(start, end) },
    }))
  return { facts, candidates, codes, windows }
}

type ToEvidence = (start: number, end: number) => Evidence

function choose(found: readonly Found[], evidence: ToEvidence): Pick<Facts, 'facts' | 'candidates'> {
  const facts: Fact[] = []
  const candidates: Candidate[] = []
  for (const field of FIELDS) {
    const ranked = found
      .filter((each) => each.field === field)
      .map((each) => ({ each, confidence: Object.values(each.signs).reduce((product, sign) => product * sign, 1) }))
      .toSorted((one, other) => other.confidence - one.confidence || one.each.start - other.each.start)
    const seen = new Set<string>()
    for (const { each, confidence } of ranked) {
      if (seen.size > CANDIDATES_MAX) break
      if (seen.has(each.normalised.toLowerCase())) continue
      seen.add(each.normalised.toLowerCase())
      const { value, normalised, method, signs, start, end } = each
      const fact: Fact = { field, value, normalised, method, confidence, signs, evidence: evidence(start, end) }
      const winner = facts.find((other) => other.field === field)
      if (winner) candidates.push({ ...fact, lostBecause: reasonOf(fact, winner) })
      else if (confidence >= CONFIDENCE_MIN) facts.push(fact)
      else candidates.push({ ...fact, lostBecause: 'too little speaks for it' })
    }
  }
  return { facts, candidates }
}

const reasonOf = (fact: Fact, winner: Fact) =>
  fact.confidence < winner.confidence ? 'more speaks for another value' : 'another value stands before it'

/** Spanish letters of American payers write the month first as well, unless a date in the letter says otherwise. */
const isSpanishOfElsewhere = (text: string) => /\b(?:1[3-9]|2\d|3[01])\/(?:0?[1-9]|1[0-2])\/\d{2,4}\b/.test(text)
