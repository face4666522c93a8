import type { CompiledRules } from './compile-rules.ts'
import type { Find } from './find-terms.ts'
import { BREAKS_CLAUSE, INTENSIFIES, NEGATES_LAST, NEGATES_NEXT, SUPPOSES } from './lexicon.ts'
import { CLAUSE, SENTENCE, type Tokens } from './tokens.ts'

/** Why a term that stands in the text does not count. */
export type Dropped = 'negated' | 'hypothetical' | 'context'

/** A concept at a place in the text. */
export type Occurrence = {
  concept: number
  start: number
  end: number
  sentence: number
  isNegated: boolean
  isIntensified: boolean
  dropped: Dropped | undefined
}

/** An intensifier stands at most this many words before what it intensifies. */
const INTENSIFIED_WORDS = 2

/** Turns finds into occurrences: the longest term wins its words, then negation, supposition and context are weighed. */
export function weighContext(
  rules: CompiledRules,
  finds: readonly Find[],
  { breaks, sentences }: Tokens,
): Occurrence[] {
  const standing = dropCovered(rules, finds, breaks.length)
  const scopes = readScopes(rules, standing, breaks)
  for (const { owner, start, mask } of finds) {
    if (owner === NEGATES_NEXT && mask === 1) scopes[start] = (scopes[start] ?? 0) | NEGATOR
  }
  const occurrences: Occurrence[] = []
  for (const find of standing) {
    if (find.owner >= 0) occurrences.push(occurrenceOf(rules, find, scopes, sentences))
  }
  cancelByContext(rules, occurrences)
  return occurrences
}

/** Words that a longer term uses mean what that term means: "refund received" is not "refund". */
function dropCovered(rules: CompiledRules, finds: readonly Find[], tokenCount: number): Find[] {
  const coverage = new Uint8Array(tokenCount)
  const isUsed = ({ owner, term, lexicon }: Find) =>
    owner < 0 || !(rules.concepts[owner]?.isOff || (lexicon === 0 && rules.removed.has(term)))
  const used = finds.filter(isUsed)
  for (const { owner, start, mask } of used) {
    const words = bitCount(mask)
    // Negations do not use each other up.
    if (words < 2 || owner < 0 || rules.concepts[owner]?.isFaint) continue
    for (let bits = mask, place = start; bits > 0; bits >>>= 1, place++) {
      if ((bits & 1) !== 0 && (coverage[place] ?? 0) < words) coverage[place] = words
    }
  }
  return used.filter(({ start, mask }) => {
    const words = bitCount(mask)
    for (let bits = mask, place = start; bits > 0; bits >>>= 1, place++) {
      if ((bits & 1) !== 0 && (coverage[place] ?? 0) <= words) return true
    }
    return false
  })
}

/** What a token stands under, as bits. */
const NEGATED = 1
const SUPPOSED = 2
const INTENSIFIED = 4
const STOP = 8
/** A negation by itself; a term that has one among its words is negated in itself, and not once more from outside. */
const NEGATOR = 16

/** Which tokens stand under a negation, a supposition or an intensifier. */
function readScopes(rules: CompiledRules, finds: readonly Find[], breaks: readonly number[]): Uint8Array {
  const count = breaks.length
  const scopes = new Uint8Array(count)
  for (const { owner, start } of finds) if (owner === BREAKS_CLAUSE) mark(start, STOP)

  function mark(place: number, flag: number): void {
    scopes[place] = (scopes[place] ?? 0) | flag
  }
  const isStop = (place: number) => ((scopes[place] ?? 0) & STOP) !== 0

  function forward(flag: number, from: number, words: number, limit: number): void {
    for (let place = from; place < Math.min(from + words, count); place++) {
      if ((breaks[place] ?? 0) >= limit || (flag === NEGATED && isStop(place))) return
      mark(place, flag)
    }
  }
  function backward(from: number, words: number): void {
    for (let place = from; place > Math.max(from - words, -1) && !isStop(place); place--) {
      mark(place, NEGATED)
      if ((breaks[place] ?? 0) >= CLAUSE) return
    }
  }
  const { negation_words, hypothetical_words } = rules.settings
  for (const { owner, start, mask } of finds) {
    const after = endOf(start, mask)
    if (owner === NEGATES_NEXT) forward(NEGATED, after, negation_words, CLAUSE)
    else if (owner === NEGATES_LAST && (breaks[start] ?? 0) < CLAUSE) backward(start - 1, negation_words)
    else if (owner === SUPPOSES) forward(SUPPOSED, after, hypothetical_words, SENTENCE)
    else if (owner === INTENSIFIES) forward(INTENSIFIED, after, INTENSIFIED_WORDS, CLAUSE)
  }
  return scopes
}

/** The token after the last one of a mask. */
const endOf = (start: number, mask: number) => start + 32 - Math.clz32(mask)

function occurrenceOf(
  rules: CompiledRules,
  { owner, start, mask }: Find,
  scopes: Uint8Array,
  sentences: readonly number[],
): Occurrence {
  const concept = rules.concepts[owner] as (typeof rules.concepts)[number]
  const end = endOf(start, mask)
  const flags = scopes[start] ?? 0
  const occurrence: Occurrence = {
    concept: owner,
    start,
    end,
    sentence: sentences[start] ?? 0,
    isNegated: false,
    isIntensified: (flags & INTENSIFIED) !== 0,
    dropped: undefined,
  }
  if (concept.negated !== 'keep' && isNegated(scopes, start, end, mask)) {
    occurrence.isNegated = true
    if (concept.negated === 'drop') occurrence.dropped = 'negated'
    else occurrence.concept = concept.negated
  }
  if (concept.hypothetical === 'drop' && (flags & SUPPOSED) !== 0) occurrence.dropped ??= 'hypothetical'
  return occurrence
}

/**
 * Under a negation or with one in a gap ("the parcel has not arrived"). A term with a negation among its own words says
 * what it means already ("nicht erhalten").
 */
function isNegated(scopes: Uint8Array, start: number, end: number, mask: number): boolean {
  let inGap = false
  for (let place = start; place < end; place++) {
    if (((scopes[place] ?? 0) & NEGATOR) === 0) continue
    if ((mask & (1 << (place - start))) !== 0) return false
    inGap = true
  }
  return inGap || (((scopes[start] ?? 0) | (scopes[end - 1] ?? 0)) & NEGATED) !== 0
}

/** Contexts do not cancel each other, so that the order of the rules in the file means nothing. */
function cancelByContext(rules: CompiledRules, occurrences: Occurrence[]): void {
  const everywhere = new Set<number>()
  const inSentence = new Map<number, Set<number>>()
  for (const { concept, sentence, dropped } of occurrences) {
    const cancels = rules.concepts[concept]?.cancels
    if (!cancels || dropped) continue
    let cancelled = everywhere
    if (cancels.within === 'sentence') {
      cancelled = inSentence.get(sentence) ?? new Set()
      inSentence.set(sentence, cancelled)
    }
    for (const other of cancels.concepts) cancelled.add(other)
  }
  if (everywhere.size === 0 && inSentence.size === 0) return
  for (const occurrence of occurrences) {
    const isCancelled =
      everywhere.has(occurrence.concept) || inSentence.get(occurrence.sentence)?.has(occurrence.concept)
    if (isCancelled) occurrence.dropped ??= 'context'
  }
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
