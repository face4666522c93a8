import { z } from 'zod'
import { LANGUAGES } from './labels.ts'
import { isForm } from './slots.ts'
import { readTerm } from './term.ts'

/** A tenant's own rules cannot cost more than these bounds let them, in time or in memory. */
const BOUNDS = {
  termCharacters: 240,
  termsPerList: 1_000,
  concepts: 200,
  combinations: 100,
  overrideTerms: 500,
  weight: 100,
} as const

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_]{1,39}$/, 'is not a name: 2 to 40 small letters, digits and _, beginning with a letter')
const listName = z.string().regex(/^[A-Z][A-Z0-9_]{1,39}$/, 'is not the name of a list: 2 to 40 capital letters')
const weight = z.number().min(-BOUNDS.weight).max(BOUNDS.weight)

const term = z
  .string()
  .min(1)
  .max(BOUNDS.termCharacters)
  .superRefine((text, context) => {
    const problem = readTerm(text).problem
    if (problem) context.addIssue({ code: 'custom', message: `"${text}": ${problem}` })
  })
const terms = z.array(term).max(BOUNDS.termsPerList)
const termsByLanguage = z.partialRecord(z.enum([...LANGUAGES, 'any']), terms)
const word = z.string().min(1).max(40)

const weights = z.strictObject({ urgency: weight.optional(), sentiment: weight.optional(), action: weight.optional() })
export type Weights = z.infer<typeof weights>

const moodHasNoUrgency = <T extends { about?: 'mood' | 'matter' | undefined; weights?: Weights | undefined }>(
  concept: T,
) => concept.about !== 'mood' || (concept.weights?.urgency ?? 0) === 0
const moodMessage = { path: ['weights', 'urgency'], message: 'how somebody feels makes nothing urgent' }

const cancels = z.strictObject({
  concepts: z.array(name).min(1).max(BOUNDS.concepts),
  within: z.enum(['sentence', 'message']),
})

const concept = z
  .strictObject({
    /** `mood` says how the writer feels, `matter` what it is about. */
    about: z.enum(['mood', 'matter']).default('matter'),
    weights: weights.default({}),
    /** Of the concepts in one group only the heaviest counts. */
    group: name.optional(),
    /** A faint concept leaves its words to the other terms: "is not" in "is not good" must not use up the "not". */
    faint: z.boolean().default(false),
    /** What a negation makes of it: nothing, itself all the same, or another concept. */
    negated: z.union([z.enum(['drop', 'keep']), name]).default('drop'),
    /** What "what if" makes of it. */
    hypothetical: z.enum(['drop', 'keep']).default('drop'),
    cancels: cancels.optional(),
    terms: termsByLanguage,
  })
  .refine(moodHasNoUrgency, moodMessage)

const combination = z.strictObject({
  all: z.array(name).min(1).max(6),
  any: z.array(name).min(1).max(30).optional(),
  none: z.array(name).min(1).max(30).optional(),
  /** All of them in one sentence; else anywhere in the ticket. */
  within: z.enum(['sentence', 'message']).default('message'),
  group: name.optional(),
  weights,
})

const language = z.strictObject({
  frequent_words: z.array(word).max(300),
  characters: z.string().max(60),
  negations_before: terms,
  negations_after: terms,
  clause_breaks: terms,
  hypothetical: terms,
  intensifiers: terms,
})

const cut = z.strictObject({
  quote_headers: z.array(z.strictObject({ begins: word, contains: word })).max(40),
  earlier_mail_lines: z.array(term).max(60),
  header_fields: z.array(word).max(60),
  device_lines: z.array(word).max(60),
  closings: z.array(word).max(120),
  footers: z.array(z.string().min(6).max(80)).max(60),
  reply_prefixes: z.array(word).max(30),
})

const byLanguage = <T extends z.ZodType>(value: T) => z.strictObject({ en: value, de: value, es: value, fr: value })

export const ruleDocument = z
  .strictObject({
    version: z.string().min(1).max(40),
    thresholds: z.strictObject({
      urgency: z
        .strictObject({ medium: weight, high: weight })
        .refine(({ medium, high }) => medium < high, { path: ['medium'], message: 'must be less than high' }),
      sentiment: z
        .strictObject({ negative: weight, positive: weight })
        .refine((at) => at.negative < at.positive, { path: ['negative'], message: 'must be less than positive' }),
      action: weight,
    }),
    /** What a ticket with any words has before a rule matched. */
    start: weights,
    negation_words: z.int().min(1).max(12),
    hypothetical_words: z.int().min(1).max(40),
    intensified: z.number().min(1).max(5),
    languages: byLanguage(language),
    lists: z.record(listName, z.array(term).max(BOUNDS.termsPerList)),
    marks: z.strictObject({
      question: weights,
      exclamations: weights,
      shouting: weights,
    }),
    concepts: z
      .record(name, concept)
      .refine((all) => Object.keys(all).length <= BOUNDS.concepts, `has more than ${BOUNDS.concepts} concepts`),
    combinations: z
      .record(name, combination)
      .refine((all) => Object.keys(all).length <= BOUNDS.combinations, `has more than ${BOUNDS.combinations}`),
    cut,
  })
  .superRefine(checkNames)

export type RuleDocument = z.infer<typeof ruleDocument>

export const MARKS = ['question', 'exclamations', 'shouting'] as const

function checkNames(
  document: {
    concepts: Record<string, z.infer<typeof concept>>
    combinations: Record<string, z.infer<typeof combination>>
    lists: Record<string, string[]>
    marks: Record<string, Weights>
  },
  context: z.RefinementCtx,
): void {
  const known = new Set([...Object.keys(document.concepts), ...MARKS])
  const demand = (wanted: string, path: (string | number)[]) => {
    if (!known.has(wanted)) context.addIssue({ code: 'custom', path, message: `there is no concept "${wanted}"` })
  }
  for (const mark of MARKS) {
    if ((document.marks[mark]?.urgency ?? 0) !== 0) {
      context.addIssue({ code: 'custom', path: ['marks', mark, 'urgency'], message: moodMessage.message })
    }
  }
  for (const [key, { negated, cancels, terms }] of Object.entries(document.concepts)) {
    if (negated !== 'drop' && negated !== 'keep') demand(negated, ['concepts', key, 'negated'])
    for (const [place, one] of (cancels?.concepts ?? []).entries()) {
      demand(one, ['concepts', key, 'cancels', 'concepts', place])
    }
    for (const [language, list] of Object.entries(terms)) {
      for (const [place, text] of (list ?? []).entries()) {
        for (const wanted of readTerm(text).lists) {
          if (Object.hasOwn(document.lists, wanted) || isForm(wanted)) continue
          const path = ['concepts', key, 'terms', language, place]
          context.addIssue({ code: 'custom', path, message: `"${text}": there is no list ${wanted}` })
        }
      }
    }
  }
  for (const [key, members] of Object.entries(document.lists)) {
    for (const [place, text] of members.entries()) {
      const { steps, lists } = readTerm(text)
      if (steps.length === 1 && lists.length === 0) continue
      context.addIssue({ code: 'custom', path: ['lists', key, place], message: `"${text}": a list holds single words` })
    }
  }
  for (const [key, { all, any = [], none = [] }] of Object.entries(document.combinations)) {
    if (known.has(key)) {
      context.addIssue({ code: 'custom', path: ['combinations', key], message: 'there is a concept of this name' })
    }
    for (const one of [...all, ...any, ...none]) demand(one, ['combinations', key])
  }
}

/** What a tenant changes: less than a document of its own, so that better base rules reach it as well. */
export const overrideDocument = z
  .strictObject({
    concepts: z
      .record(
        name,
        z.strictObject({
          off: z.literal(true).optional(),
          weights: weights.optional(),
          add: termsByLanguage.optional(),
          remove: z.array(z.string().min(1).max(BOUNDS.termCharacters)).max(BOUNDS.overrideTerms).optional(),
        }),
      )
      .refine((all) => Object.keys(all).length <= BOUNDS.concepts, `has more than ${BOUNDS.concepts} concepts`)
      .default({}),
    combinations: z
      .record(name, z.strictObject({ off: z.literal(true).optional(), weights: weights.optional() }))
      .refine((all) => Object.keys(all).length <= BOUNDS.combinations, `has more than ${BOUNDS.combinations}`)
      .default({}),
  })
  .refine(
    ({ concepts }) =>
      Object.values(concepts).reduce(
        (sum, { add = {} }) => sum + Object.values(add).reduce((count, list) => count + (list?.length ?? 0), 0),
        0,
      ) <= BOUNDS.overrideTerms,
    { path: ['concepts'], message: `adds more than ${BOUNDS.overrideTerms} terms` },
  )

export type OverrideDocument = z.infer<typeof overrideDocument>
