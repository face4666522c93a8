import { type Code, type Facts, factOf } from '../facts/index.ts'
import { ROUTES, type Route, SIGNALS, type Signal } from './catalogue.ts'

export type FoundSignal = {
  signal: string
  route: Route
  weight: number
  evidence: { start: number; end: number; quote: string }
}

export type RouteShare = { route: Route; share: number; confidence: number }

export type Routing = {
  /** Null: a person has to decide. */
  route: Route | null
  confidence: number
  shares: RouteShare[]
  signals: FoundSignal[]
  reasoning: string
}

/** Below this nobody is told a route: a person looks at it. */
export const CONFIDENCE_MIN = 0.5

/** Of the papers together; what follows is an appendix. And of one signal: more says nothing more. */
const CHARACTERS_READ_MAX = 100_000
const MATCHES_MAX = 20

/** What stands in the sentence that says why counts fully; rights and appendices speak of everything. */
const ELSEWHERE = 0.35
const REPEATED = 0.25
/** What a letter must have of signals before it is believed: one clear sentence. */
const ENOUGH = 4

/**
 * What kind of denial a letter is, from signals in its words and codes, each with its place. A letter may be several things: the shares
 * say so. `papers`: the text of the letters.
 */
export function chooseRoute(papers: string, facts: Facts): Routing {
  const text = papers.slice(0, CHARACTERS_READ_MAX)
  const reason = factOf(facts, 'denial_reason')?.evidence
  const signals = SIGNALS.flatMap((signal) =>
    'words' in signal ? wordsOf(signal, text, reason) : codesOf(signal, facts.codes),
  )
  const scores = new Map(ROUTES.map((route) => [route, scoreOf(signals.filter((signal) => signal.route === route))]))
  const total = [...scores.values()].reduce((sum, score) => sum + score, 0)
  const shares = [...scores]
    .filter(([, score]) => score > 0)
    .map(([route, score]) => ({ route, share: score / total, confidence: confidenceOf(score, total) }))
    .toSorted((one, other) => other.share - one.share || ROUTES.indexOf(one.route) - ROUTES.indexOf(other.route))
  const [first] = shares
  const isSure = first !== undefined && first.confidence >= CONFIDENCE_MIN
  return {
    route: isSure ? first.route : null,
    confidence: first?.confidence ?? 0,
    shares,
    signals,
    reasoning: reasoningOf(signals, first, isSure),
  }
}

function wordsOf(
  signal: Extract<Signal, { words: RegExp }>,
  text: string,
  reason?: { start: number; end: number },
): FoundSignal[] {
  return [...text.matchAll(signal.words).take(MATCHES_MAX)].map((match) => {
    const [start, end] = [match.index, match.index + match[0].length]
    const isReason = reason !== undefined && start < reason.end && end > reason.start
    const weight =
      signal.weight * (isReason || reason === undefined ? 1 : isAboutRights(text, start) ? ELSEWHERE / 2 : ELSEWHERE)
    return {
      signal: signal.id,
      route: signal.route,
      weight,
      evidence: { start, end, quote: match[0].replace(/\s+/g, ' ') },
    }
  })
}

/** Whether a place is in what a letter says to everybody: how to appeal, what to send, what the plan is. */
function isAboutRights(text: string, at: number): boolean {
  const line = text.slice(text.lastIndexOf('\n\n', at) + 1, at)
  return /\b(?:you\s+(?:may|can|have\s+the\s+right)|please\s+(?:include|send)|to\s+file|if\s+you|include:?|usted\s+puede|si\s+usted)\b/iu.test(
    line,
  )
}

function codesOf(
  { id, route, weight, code }: Extract<Signal, { code: object }>,
  codes: readonly Code[],
): FoundSignal[] {
  return codes
    .filter((each) => each.type === code.type && code.codes.includes(each.code))
    .map(({ evidence: { start, end, quote }, confidence }) => ({
      signal: id,
      route,
      weight: weight * confidence,
      evidence: { start, end, quote },
    }))
}

/** The strongest of each kind counts, and a little for saying it again. */
function scoreOf(signals: readonly FoundSignal[]): number {
  const bySignal = Map.groupBy(signals, ({ signal }) => signal)
  return [...bySignal.values()].reduce((sum, each) => {
    const strongest = Math.max(...each.map(({ weight }) => weight))
    return sum + strongest + strongest * REPEATED * Math.min(each.length - 1, 2)
  }, 0)
}

/** How far ahead it is, and whether there is enough at all. */
const confidenceOf = (score: number, total: number) => round((score / total) * Math.min(1, score / ENOUGH))
const round = (value: number) => Math.round(value * 1_000) / 1_000

function reasoningOf(signals: readonly FoundSignal[], first: RouteShare | undefined, isSure: boolean): string {
  if (!first) return 'Nothing in the letter says what kind of denial it is.'
  const quotes = signals
    .filter(({ route }) => route === first.route)
    .toSorted((one, other) => other.weight - one.weight)
    .slice(0, 3)
    .map(({ evidence }) => `“${evidence.quote}”`)
  const because = `${quotes.join(', ')} ${quotes.length > 1 ? 'speak' : 'speaks'} for ${first.route.replaceAll('_', ' ')}`
  return isSure ? `${because}.` : `${because}, but too little sets it apart from the others: a person has to decide.`
}
