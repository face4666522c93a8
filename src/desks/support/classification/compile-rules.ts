import { createHash } from 'node:crypto'
import type { CutRules } from './cut-own-words.ts'
import { foldText } from './fold.ts'
import { LANGUAGES, type Language, languageBit } from './labels.ts'
import {
  BREAKS_CLAUSE,
  compileLexicon,
  INTENSIFIES,
  type Lexicon,
  type LexiconTerm,
  type MatchBounds,
  NEGATES_LAST,
  NEGATES_NEXT,
  SUPPOSES,
} from './lexicon.ts'
import { ownLexicon } from './own-terms.ts'
import { MARKS, type OverrideDocument, type RuleDocument, type Weights } from './rule-document.ts'
import { versionWith } from './rule-version.ts'

/** Wide enough that no text is cut short by the first two; the third ends a text made for it after a fifth of a second. */
export const SHIPPED_TERM_BOUNDS = {
  slotsPerWord: 64,
  stepsPerWord: 4_000,
  stepsPerText: 5_000_000,
  rememberedWords: 20_000,
} as const satisfies MatchBounds

type Concept = {
  name: string
  weights: Weights
  group: string | undefined
  isOff: boolean
  isFaint: boolean
  negated: 'drop' | 'keep' | number
  hypothetical: 'drop' | 'keep'
  cancels: { concepts: readonly number[]; within: 'sentence' | 'message' } | undefined
}

export type Combination = {
  name: string
  all: readonly number[]
  any: readonly number[]
  none: readonly number[]
  within: 'sentence' | 'message'
  weights: Weights
  group: string | undefined
}

/** Rules ready to be used; never changed afterwards. Tenants without own terms share the lexicon of the base. */
export type CompiledRules = {
  version: string
  /** The concepts of the document, then the marks, in this order. */
  concepts: readonly Concept[]
  marks: Readonly<Record<(typeof MARKS)[number], number>>
  /** Names of concepts that say nothing by themselves: a case number, "since". */
  faint: ReadonlySet<string>
  combinations: readonly Combination[]
  /** The base's, then the tenant's own. */
  lexicons: readonly Lexicon[]
  /** Numbers of terms of the base that the tenant does not want. */
  removed: ReadonlySet<number>
  languageCharacters: readonly string[]
  cut: CutRules
  replyPrefixes: readonly string[]
  settings: Pick<RuleDocument, 'thresholds' | 'start' | 'negation_words' | 'hypothetical_words' | 'intensified'>
}

/**
 * Compiles the base with what one tenant changed. The version names both, so that a stored classification tells which
 * rules made it. Holds about 2 kB per tenant without own terms. `override` must have come through `readOverride`.
 */
export function compileRules(base: RuleDocument, override?: OverrideDocument): CompiledRules {
  const shared = compileBase(base)
  if (!override || isEmpty(override)) return shared.rules
  const { rules, numberOf, termNumbers } = shared
  const concepts = rules.concepts.map((concept) => {
    const change = override.concepts[concept.name]
    if (!change) return concept
    return { ...concept, isOff: change.off === true, weights: { ...concept.weights, ...change.weights } }
  })
  const combinations = rules.combinations
    .filter(({ name }) => override.combinations[name]?.off !== true)
    .map((one) => ({ ...one, weights: { ...one.weights, ...override.combinations[one.name]?.weights } }))
  const removed = new Set<number>()
  for (const [name, { remove = [] }] of Object.entries(override.concepts)) {
    const owner = numberOf(name)
    for (const text of remove) for (const term of termNumbers.get(`${owner} ${text}`) ?? []) removed.add(term)
  }
  const own = ownLexicon(base, override)
  const lexicons = own ? [...rules.lexicons, own] : rules.lexicons
  const version = versionWith(base.version, hashOf(override))
  return Object.freeze({ ...rules, version, concepts, combinations, removed, lexicons })
}

const isEmpty = (override: OverrideDocument) =>
  Object.keys(override.concepts).length === 0 && Object.keys(override.combinations).length === 0

type CompiledBase = {
  rules: CompiledRules
  numberOf: (name: string) => number
  termNumbers: ReadonlyMap<string, readonly number[]>
}

/** One per document: thousands of terms, compiled once for all tenants. */
const compiledBases = new WeakMap<RuleDocument, CompiledBase>()

function compileBase(base: RuleDocument): CompiledBase {
  const known = compiledBases.get(base)
  if (known) return known
  const compiled = compileBaseAnew(base)
  compiledBases.set(base, compiled)
  return compiled
}

function compileBaseAnew(base: RuleDocument): CompiledBase {
  const names = [...Object.keys(base.concepts), ...MARKS]
  const numbers = new Map(names.map((name, number) => [name, number]))
  const numberOf = (name: string) => numbers.get(name) ?? unknownConcept(name)

  const terms = [
    ...Object.entries(base.concepts).flatMap(([name, { terms: all }]) => termsOf(numberOf(name), all)),
    ...LANGUAGES.flatMap((language) => roleTerms(language, base.languages[language])),
  ]
  const termNumbers = new Map<string, number[]>()
  for (const [number, { owner, text }] of terms.entries()) {
    const key = `${owner} ${text}`
    termNumbers.set(key, [...(termNumbers.get(key) ?? []), number])
  }
  const frequentWords = new Map<string, number>()
  for (const language of LANGUAGES) {
    for (const word of base.languages[language].frequent_words.map(foldText)) {
      frequentWords.set(word, (frequentWords.get(word) ?? 0) | languageBit(language))
    }
  }
  const rules: CompiledRules = Object.freeze({
    version: base.version,
    concepts: [
      ...Object.entries(base.concepts).map(
        ([name, concept]): Concept => ({
          name,
          weights: concept.weights,
          group: concept.group,
          isOff: false,
          isFaint: concept.faint,
          negated:
            concept.negated === 'drop' || concept.negated === 'keep' ? concept.negated : numberOf(concept.negated),
          hypothetical: concept.hypothetical,
          cancels: concept.cancels && {
            concepts: concept.cancels.concepts.map(numberOf),
            within: concept.cancels.within,
          },
        }),
      ),
      ...MARKS.map((name) => markConcept(name, base.marks[name])),
    ],
    marks: { question: numberOf('question'), exclamations: numberOf('exclamations'), shouting: numberOf('shouting') },
    faint: new Set(Object.keys(base.concepts).filter((name) => base.concepts[name]?.faint)),
    combinations: Object.entries(base.combinations).map(
      ([name, { all, any = [], none = [], within, weights, group }]) => ({
        name,
        all: all.map(numberOf),
        any: any.map(numberOf),
        none: none.map(numberOf),
        within,
        weights,
        group,
      }),
    ),
    lexicons: [compileLexicon(terms, base.lists, SHIPPED_TERM_BOUNDS, frequentWords)],
    removed: new Set<number>(),
    languageCharacters: LANGUAGES.map((language) => base.languages[language].characters),
    cut: compileCut(base.cut),
    replyPrefixes: base.cut.reply_prefixes.map(foldText),
    settings: base,
  })
  return { rules, numberOf, termNumbers }
}

const markConcept = (name: string, weights: Weights): Concept => ({
  name,
  weights,
  group: undefined,
  isOff: false,
  isFaint: false,
  negated: 'keep',
  hypothetical: 'keep',
  cancels: undefined,
})

const termsOf = (owner: number, byLanguage: Partial<Record<Language | 'any', string[]>>): LexiconTerm[] =>
  Object.entries(byLanguage).flatMap(([language, texts]) =>
    (texts ?? []).map((text) => ({ text, owner, languages: languageBit(language as Language | 'any') })),
  )

function roleTerms(language: Language, rules: RuleDocument['languages'][Language]): LexiconTerm[] {
  const languages = languageBit(language)
  const of = (owner: number, texts: readonly string[]) => texts.map((text) => ({ text, owner, languages }))
  return [
    ...of(NEGATES_NEXT, rules.negations_before),
    ...of(NEGATES_LAST, rules.negations_after),
    ...of(BREAKS_CLAUSE, rules.clause_breaks),
    ...of(SUPPOSES, rules.hypothetical),
    ...of(INTENSIFIES, rules.intensifiers),
  ]
}

const compileCut = (cut: RuleDocument['cut']): CutRules => ({
  quoteHeaders: cut.quote_headers.map(({ begins, contains }) => ({
    begins: `${foldText(begins)} `,
    contains: foldText(contains),
  })),
  earlierMailLines: cut.earlier_mail_lines.map(foldText),
  headerFields: new Set(cut.header_fields.map(foldText)),
  deviceLines: new RegExp(`^(?:${oneOf(cut.device_lines)})`),
  closings: new RegExp(`^(?:${oneOf(cut.closings)})(?![a-z0-9])`),
  footers: new RegExp(`^(?:${oneOf(cut.footers)})`),
})

const oneOf = (literals: readonly string[]) =>
  literals.map((literal) => foldText(literal).replace(/[^a-z0-9 ]/g, '\\$&')).join('|') || '(?!)'

function unknownConcept(name: string): never {
  throw new Error(`There is no concept "${name}": the document did not come through readRules or readOverride.`)
}

/** The same for the same content, whatever order its keys were written in. */
const hashOf = (value: unknown): string => createHash('sha256').update(canonical(value)).digest('hex').slice(0, 12)

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
    .join()}}`
}
