import { type Deadline, findDeadlines, lawOf, type PlanLaw, type Unknown } from '../deadlines/index.ts'
import { extractFacts, type Fact, type Facts, type Field, factOf } from '../facts/index.ts'
import { type ActionPlan, planFor } from '../packs/index.ts'
import { type Reading, readingOf } from '../reading/index.ts'
import { chooseRoute, type Routing } from '../routing/index.ts'
import type { DocumentType, UserContext } from './case.ts'

export type CaseText = { documentId: string; docType: DocumentType; text: string }
export type Correction = { field: Field; value: string }

/** All that findings depend on: the same input has the same findings. */
export type CaseInput = {
  texts: readonly CaseText[]
  context: UserContext
  corrections: readonly Correction[]
  /** ISO date. */
  today: string
}

/** Documents that say different things about one field: shown, never merged silently. */
export type Conflict = { field: Field; values: { value: string; normalised: string; documentId: string | null }[] }

export type Findings = Facts & {
  isLegible: boolean
  law: PlanLaw | null
  conflicts: Conflict[]
  deadlines: Deadline[]
  unknown: Unknown[]
  routing: Routing
  plan: ActionPlan
}

/** Of all papers of a case together. */
const LISTED_MAX = 500

/** What a letter must have to be read at all: a scan without text has none. */
const WORDS_MIN = 25

const OF_CONTEXT: readonly (readonly [keyof UserContext, Field])[] = [
  ['payer_name', 'payer.name'],
  ['plan_name', 'payer.plan_name'],
  ['plan_law', 'payer.plan_type'],
  ['service_name', 'service.description'],
  ['date_of_service', 'dates.date_of_service'],
  ['received_on', 'dates.received'],
  ['provider_name', 'service.provider_name'],
]

/**
 * Everything that can be said about a case: facts with their places, deadlines with their rules, what kind of denial it is, what to do. The
 * letter comes first, an explanation of benefits fills what it leaves open, and people are above both.
 */
export function findInCase({ texts, context, corrections, today }: CaseInput): Findings {
  const readings = texts.map((each) => ({ ...each, reading: readingAgain(each.text) }))
  const letters = readings.filter(({ docType }) => docType === 'denial_letter')
  const others = readings.filter(({ docType }) => docType === 'eob' || docType === 'correspondence')
  const plans = readings.filter(({ docType }) => docType === 'sbc' || docType === 'eoc')
  const found = [...letters, ...others].map(({ reading, documentId }) => extractFacts(reading, documentId))
  const said = [...saidIn(corrections), ...saidInContext(context)]
  const facts = merge(said, found)
  const law = context.plan_law ?? lawOf(factOf(facts, 'payer.plan_type')?.normalised)
  const planFacts =
    plans.length > 0
      ? merge(
          [],
          plans.map(({ reading, documentId }) => extractFacts(reading, documentId)),
        )
      : undefined
  const { deadlines, unknown } = findDeadlines({ facts, law, ...(planFacts ? { planFacts } : {}) })
  const routing = chooseRoute(
    letters.map(({ text }) => text).join('\n\n') || others.map(({ text }) => text).join('\n\n'),
    facts,
  )
  return {
    ...facts,
    isLegible: letters.some(({ text }) => (text.match(/\p{L}{2,}/gu)?.length ?? 0) >= WORDS_MIN),
    ...{ law, deadlines, unknown, routing },
    conflicts: conflictsOf(found),
    plan: planFor(routing.route, facts, deadlines, today),
  }
}

/** A stored text has its page breaks as form feeds, and one blank line between what was. */
const readingAgain = (text: string): Reading => readingOf(text.split('\f'))

const saidIn = (corrections: readonly Correction[]) => corrections.map(({ field, value }) => ofPerson(field, value))

const saidInContext = (context: UserContext) =>
  OF_CONTEXT.flatMap(([key, field]) => (context[key] === undefined ? [] : [ofPerson(field, String(context[key]))]))

/** What a person says has no place in a paper, and is believed. */
const ofPerson = (field: Field, value: string): Fact => ({
  ...{ field, value, normalised: value, method: 'person', confidence: 1, signs: {} },
  evidence: { documentId: null, page: 0, start: 0, end: 0, quote: value },
})

/** Of each field the first that is known: people, then documents in their order. What is passed over is a candidate. */
function merge(said: readonly Fact[], found: readonly Facts[]): Facts {
  const facts: Fact[] = []
  const candidates = found.flatMap((each) => [...each.candidates])
  for (const fact of [...said, ...found.flatMap((each) => each.facts)]) {
    const known = facts.find(({ field }) => field === fact.field)
    if (!known) facts.push(fact)
    else if (known.normalised.toLowerCase() !== fact.normalised.toLowerCase()) {
      candidates.push({
        ...fact,
        lostBecause: known.method === 'person' ? 'a person says otherwise' : 'an earlier document says otherwise',
      })
    }
  }
  return {
    facts,
    candidates: candidates.slice(0, LISTED_MAX),
    codes: found.flatMap((each) => each.codes).slice(0, LISTED_MAX),
    windows: found.flatMap((each) => each.windows).slice(0, LISTED_MAX),
  }
}

function conflictsOf(found: readonly Facts[]): Conflict[] {
  const byField = Map.groupBy(
    found.flatMap(({ facts }) => facts),
    ({ field }) => field,
  )
  return [...byField].flatMap(([field, facts]) => {
    // Each paper gives its own reason, in its own words.
    if (field === 'denial_reason' || new Set(facts.map(({ normalised }) => normalised.toLowerCase())).size < 2)
      return []
    return [
      {
        field,
        values: facts.map(({ value, normalised, evidence }) => ({
          value,
          normalised,
          documentId: evidence.documentId,
        })),
      },
    ]
  })
}
