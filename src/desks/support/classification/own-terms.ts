import { type Language, languageBit } from './labels.ts'
import { compileLexicon, type Lexicon, type LexiconTerm, type MatchBounds } from './lexicon.ts'
import type { OverrideDocument, RuleDocument } from './rule-document.ts'
import type { RuleProblem } from './rule-problem.ts'
import { slotKey, type WordClass } from './slots.ts'
import { readTerm, type Slot } from './term.ts'
import { weighTerms } from './weigh-terms.ts'

/**
 * What a tenant's own terms may cost: from one word of a text on two thirds of what the 21,000 shipped ones can, for a
 * whole text some 120 ms. Terms that are accepted are never cut short in a text of stepsPerText / stepsPerWord words.
 */
export const OWN_TERM_BOUNDS = {
  slotsPerWord: 64,
  stepsPerWord: 2_000,
  stepsPerText: 1_000_000,
  rememberedWords: 1_000,
} as const satisfies MatchBounds

/** Words that own terms may name, those of their lists included: what compiling and holding them costs. */
export const OWN_WORDS_MAX = 20_000

type OwnTerm = LexiconTerm & { path: string }

/** The terms that an override adds; concepts are numbered as those of the document are. */
function ownTerms(base: RuleDocument, override: OverrideDocument): OwnTerm[] {
  const numbers = new Map(Object.keys(base.concepts).map((name, number) => [name, number]))
  return Object.entries(override.concepts).flatMap(([name, { add = {} }]) =>
    Object.entries(add).flatMap(([language, texts]) =>
      (texts ?? []).map((text, place) => ({
        text,
        owner: numbers.get(name) ?? -1,
        languages: languageBit(language as Language | 'any'),
        path: `concepts.${name}.add.${language}.${place}`,
      })),
    ),
  )
}

/** Weighed when the override is checked, used when its rules are compiled. */
const compiled = new WeakMap<OverrideDocument, { base: RuleDocument; lexicon: Lexicon | undefined }>()

/** The lexicon of what an override adds; undefined when that is nothing. */
export function ownLexicon(base: RuleDocument, override: OverrideDocument): Lexicon | undefined {
  const known = compiled.get(override)
  if (known?.base === base) return known.lexicon
  const terms = ownTerms(base, override)
  const lexicon = terms.length > 0 ? compileLexicon(terms, base.lists, OWN_TERM_BOUNDS) : undefined
  compiled.set(override, { base, lexicon })
  return lexicon
}

/** What makes own terms cost more than they may, whatever the texts; each problem names a term and the bound. */
export function costProblems(base: RuleDocument, override: OverrideDocument): RuleProblem[] {
  const terms = ownTerms(base, override)
  const tooMany = firstBeyondWords(base, terms)
  // Compiling them would already cost too much.
  if (tooMany) return [tooMany]
  const lexicon = ownLexicon(base, override)
  if (!lexicon) return []
  const { slotsPerWord, stepsPerWord } = weighTerms(lexicon)
  const fits = (slot: Slot, words: readonly WordClass[]) => {
    const id = lexicon.slots.idOf(slot)
    return words.some(({ slots }) => slots.includes(id))
  }
  if (slotsPerWord.most > OWN_TERM_BOUNDS.slotsPerWord) {
    const one = terms.find(({ text }) => readTerm(text).steps.some(({ slot }) => fits(slot, slotsPerWord.words)))
    return [
      problemOf(
        one,
        `${nameOf(slotsPerWord.words)} fits ${slotsPerWord.most} differently written places of the added terms, ${OWN_TERM_BOUNDS.slotsPerWord} at most; write them alike, or let fewer terms share it`,
      ),
    ]
  }
  if (stepsPerWord.most > OWN_TERM_BOUNDS.stepsPerWord) {
    const beginning = terms.filter(({ text }) => fits(readTerm(text).steps[0]?.slot as Slot, stepsPerWord.words))
    const one = beginning.toSorted((a, b) => waysOf(b.text) - waysOf(a.text))[0]
    return [
      problemOf(
        one,
        `where a text has ${nameOf(stepsPerWord.words)}, ${beginning.length} of the added terms can take ${stepsPerWord.most} steps, ${OWN_TERM_BOUNDS.stepsPerWord} at most; use narrower gaps, or let fewer terms share their words`,
      ),
    ]
  }
  return []
}

function firstBeyondWords({ lists }: RuleDocument, terms: readonly OwnTerm[]): RuleProblem | undefined {
  const known = new Set<string>()
  let words = 0
  for (const term of terms) {
    for (const { slot } of readTerm(term.text).steps) {
      const key = slotKey(slot)
      if (known.has(key)) continue
      known.add(key)
      words += slot.words.length + slot.beginnings.length + slot.endings.length
      for (const list of slot.lists) words += lists[list]?.length ?? 1
    }
    if (words <= OWN_WORDS_MAX) continue
    return problemOf(
      term,
      `with this one, the added terms name more than ${OWN_WORDS_MAX} words, those of their lists included; use fewer lists and alternatives`,
    )
  }
  return undefined
}

const problemOf = (term: OwnTerm | undefined, message: string): RuleProblem => ({
  path: term?.path ?? 'concepts',
  message: `"${term?.text}": ${message}`,
})

const nameOf = (words: readonly WordClass[]) =>
  words
    .map(({ kind, word }) => (kind === 'word' ? `"${word}"` : kind === 'beginning' ? `"${word}…"` : `"…${word}"`))
    .join(' and ')

/** In how many ways a term can stand in a text from its first word on. */
const waysOf = (text: string) => readTerm(text).steps.reduce((ways, { gap }) => ways * (gap + 1), 1)
