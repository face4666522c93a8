import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIND_STEPS, type Find, findTerms } from './find-terms.ts'
import { hostile, REPORTED_TERMS } from './hostile-terms.fixture.ts'
import { classify, compileRules, InvalidRules, loadBaseRules, readOverride } from './index.ts'
import { compileLexicon, type Lexicon, type MatchBounds } from './lexicon.ts'
import { OWN_TERM_BOUNDS, OWN_WORDS_MAX } from './own-terms.ts'
import { readTerm, type Slot } from './term.ts'
import { tokenise } from './tokenise.ts'
import { noTokens, SENTENCE } from './tokens.ts'
import { weighTerms } from './weigh-terms.ts'

const base = loadBaseRules()
const UNBOUNDED: MatchBounds = {
  ...{ slotsPerWord: Number.POSITIVE_INFINITY, stepsPerWord: Number.POSITIVE_INFINITY },
  ...{ stepsPerText: Number.POSITIVE_INFINITY, rememberedWords: 1_000 },
}
const EVERY_LANGUAGE = 0b1111

const lexiconOf = (terms: readonly string[], bounds: MatchBounds = OWN_TERM_BOUNDS) =>
  compileLexicon(
    terms.map((text) => ({ text, owner: 0, languages: EVERY_LANGUAGE })),
    base.lists,
    bounds,
  )
const tokensOf = (text: string) => {
  const tokens = noTokens()
  tokenise(text, [{ from: 0, to: text.length }], tokens)
  return tokens
}
const match = (lexicon: Lexicon, text: string) => {
  const { words, breaks } = tokensOf(text)
  return { ...findTerms(lexicon, 0, words.map(lexicon.find), breaks, EVERY_LANGUAGE), words: words.length }
}
const overrideOf = (terms: readonly string[]) => ({ concepts: { fraud: { add: { any: [...terms] } } } })
/** An override as it may have been stored before there were bounds. */
const compileUnchecked = (terms: readonly string[]) =>
  compileRules(base, { ...overrideOf(terms), combinations: {} } as never)

describe('whatever terms and texts are made to cost', () => {
  it.each([
    ['of a word', { stepsPerWord: 500, stepsPerText: 1e6 }],
    ['of a text', { stepsPerWord: 1e6, stepsPerText: 20_000 }],
  ])('the work stays within the bound %s, and says when it ended early', (_what, bound) => {
    const bounds = { slotsPerWord: 40, rememberedWords: 10, ...bound }
    // Where a bound is reached, what had begun is ended: a find, or a look at the slots of one word.
    const slack = FIND_STEPS + bounds.slotsPerWord + 1
    fc.assert(
      fc.property(hostile({ terms: 150, words: 100 }), ({ terms, text }) => {
        const lexicon = lexiconOf(terms, bounds)
        const { steps, finds, isCut, words } = match(lexicon, text)
        expect(steps).toBeLessThanOrEqual(Math.min(words * (bounds.stepsPerWord + slack), bounds.stepsPerText + slack))
        expect(finds.length).toBeLessThanOrEqual(steps / FIND_STEPS)
        for (const word of tokensOf(text).words) {
          expect(lexicon.find(word).slots.length).toBeLessThanOrEqual(bounds.slotsPerWord)
        }
        const whole = match(lexiconOf(terms, { ...bounds, stepsPerWord: 1e6, stepsPerText: 1e6 }), text)
        expect(isCut).toBe(finds.length < whole.finds.length || steps < whole.steps)
      }),
      { numRuns: 100 },
    )
  })

  it('a step is a piece of the work that is done, and all of it is counted', () => {
    fc.assert(
      fc.property(hostile({ terms: 30, words: 40 }), ({ terms, text }) => {
        const lexicon = lexiconOf(terms, UNBOUNDED)
        const { words, breaks } = tokensOf(text)
        let done = 0
        class CountedSlots extends Array<number> {
          override [Symbol.iterator]() {
            done += this.length
            return super[Symbol.iterator]()
          }
        }
        const entries = words.map((word) => {
          const { bits, slots, ...entry } = lexicon.find(word)
          return {
            ...{ ...entry, slots: CountedSlots.from(slots) },
            get bits() {
              done++
              return bits
            },
          }
        })
        const { steps, finds } = findTerms(lexicon, 0, entries, breaks, EVERY_LANGUAGE)
        expect(steps).toBe(done + finds.length * FIND_STEPS)
      }),
      { numRuns: 100 },
    )
  })

  it('the same text ends at the same place each time', () => {
    fc.assert(
      fc.property(hostile({ terms: 60, words: 200 }), ({ terms, text }) => {
        const bounds = { ...OWN_TERM_BOUNDS, stepsPerWord: 100, stepsPerText: 2_000 }
        expect(match(lexiconOf(terms, bounds), text)).toEqual(match(lexiconOf(terms, bounds), text))
      }),
      { numRuns: 50 },
    )
  })

  it('no text costs more than weighing the terms has told', () => {
    fc.assert(
      fc.property(hostile({ terms: 40, words: 60 }), ({ terms, text }) => {
        const lexicon = lexiconOf(terms, UNBOUNDED)
        const { slotsPerWord, stepsPerWord } = weighTerms(lexicon)
        const { words, breaks } = tokensOf(text)
        const entries = words.map(lexicon.find)
        for (const entry of entries) expect(entry.slots.length).toBeLessThanOrEqual(slotsPerWord.most)
        for (const [start, { starts }] of entries.entries()) {
          const fromHere = entries.map((entry, place) => ({ ...entry, starts: place === start ? starts : [] }))
          expect(findTerms(lexicon, 0, fromHere, breaks, EVERY_LANGUAGE).steps).toBeLessThanOrEqual(stepsPerWord.most)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('what is found is what stands there, as trying every term at every word tells it', () => {
    fc.assert(
      fc.property(hostile({ terms: 12, words: 30 }), ({ terms, text }) => {
        const { finds } = match(lexiconOf(terms, UNBOUNDED), text)
        const placed = ({ term, start, mask }: Pick<Find, 'term' | 'start' | 'mask'>) => `${term} ${start} ${mask}`
        expect(finds.map(placed).sort()).toEqual(tryEverything(terms, text).map(placed).sort())
      }),
      { numRuns: 300 },
    )
  })

  it('own terms that are accepted are never cut short in a text of 500 words; the others are refused by name', () => {
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(hostile({ terms: 40, words: 500 }), ({ terms, text }) => {
        try {
          const rules = compileRules(base, readOverride(base, overrideOf(terms)))
          accepted++
          expect(classify(rules, { subject: '', message: text }).incomplete).toBeUndefined()
        } catch (error) {
          if (!(error instanceof InvalidRules)) throw error
          refused++
          expect(error.problems).toEqual([
            {
              path: expect.stringMatching(/^concepts\.fraud\.add\.any\.\d+$/),
              message: expect.stringMatching(/ 2000 at most; | 64 at most; /),
            },
          ])
        }
      }),
      { numRuns: 60 },
    )
    expect(Math.min(accepted, refused)).toBeGreaterThan(0)
  })
})

/** Every way in which every term stands in a text, found without a tree: slow, and plainly right. */
function tryEverything(terms: readonly string[], text: string): Pick<Find, 'term' | 'start' | 'mask'>[] {
  const { words, breaks } = tokensOf(text)
  const found = new Map<string, Pick<Find, 'term' | 'start' | 'mask'>>()
  for (const [term, written] of terms.entries()) {
    const { steps } = readTerm(written)
    const goOn = (step: number, place: number, start: number, mask: number): void => {
      const one = steps[step]
      if (!one) {
        found.set(`${term} ${start} ${mask}`, { term, start, mask })
        return
      }
      for (let skipped = 0; skipped <= one.gap; skipped++) {
        const here = place + skipped
        if (here >= words.length || here - start >= 31) return
        if (here > start && (breaks[here] ?? 0) >= SENTENCE) return
        if (fits(words[here] ?? '', one.slot)) goOn(step + 1, here + 1, start, mask | (1 << (here - start)))
      }
    }
    for (const start of words.keys()) goOn(0, start, start, 0)
  }
  return [...found.values()]
}

function fits(word: string, slot: Slot): boolean {
  return (
    slot.words.includes(word) ||
    slot.beginnings.some((beginning) => word.startsWith(beginning)) ||
    slot.endings.some((ending) => word.endsWith(ending)) ||
    slot.lists.some((list) => (list === 'NUMBER' ? /^\d+$/.test(word) : base.lists[list]?.includes(word)))
  )
}

describe('the shipped terms', () => {
  it('can never reach the bounds of a word', () => {
    const lexicon = compileRules(base).lexicons[0] as Lexicon
    const { slotsPerWord, stepsPerWord } = weighTerms(lexicon)
    expect(slotsPerWord.most).toBeLessThanOrEqual(lexicon.bounds.slotsPerWord)
    expect(stepsPerWord.most).toBeLessThanOrEqual(lexicon.bounds.stepsPerWord)
  })
})

describe('own terms that cost too much', () => {
  const listed = Object.keys(base.lists)
  it.each([
    ['that share a word at differently written places', '"xx" fits 3000', '64 at most', REPORTED_TERMS],
    [
      'that share their words and have wide gaps',
      'where a text has "xx", 40 of the added terms can take',
      '2000 at most',
      Array.from({ length: 40 }, (_, number) => `xx ~6 yy ~6 w${number}/yy`),
    ],
    [
      'that begin and end alike',
      '"xxx…" and "…zzz" fits 70',
      '64 at most',
      Array.from({ length: 35 }, (_, number) => [`xxx*/w${number}`, `*zzz/w${number}`]).flat(),
    ],
    [
      'that are written 200 times',
      'where a text has "xx", 200 of the added terms',
      '2000 at most',
      Array(200).fill('xx'),
    ],
    [
      'that name too many words',
      `more than ${OWN_WORDS_MAX} words`,
      'fewer lists',
      Array.from({ length: 500 }, (_, number) => `${listed.slice(0, 20).join('/').slice(0, 200)}/w${number}`),
    ],
  ])('%s are refused with the bound, and the first of them by its path', (_what, why, bound, terms) => {
    const refused = () => readOverride(base, overrideOf(terms))
    expect(refused).toThrow(InvalidRules)
    expect(refused).toThrow(/^concepts\.fraud\.add\.any\.\d+: "/)
    expect(refused).toThrow(why)
    expect(refused).toThrow(bound)
  })

  it('are not: 500 words, 500 phrases with a gap, and phrases with one beginning', () => {
    const words = Array.from({ length: 500 }, (_, number) => `product${number}*`)
    const phrases = Array.from({ length: 500 }, (_, number) => `machine${number} ~3 broken/down/out`)
    const alike = Array.from({ length: 60 }, (_, number) => `cannot ~3 open/start/find machine${number}`)
    for (const terms of [words, phrases, alike]) expect(() => readOverride(base, overrideOf(terms))).not.toThrow()
  })

  it('are bounded all the same where they were stored before there was a bound', () => {
    const rules = compileUnchecked(REPORTED_TERMS)
    const { incomplete, urgency } = classify(rules, { subject: '', message: `a lawsuit. ${'xx '.repeat(60)}` })
    // The shipped terms have a bound of their own: they find what they always find.
    expect([incomplete, urgency]).toEqual([true, 'high'])
    const own = rules.lexicons[1] as Lexicon
    expect(match(own, 'xx '.repeat(64_000)).steps).toBeLessThanOrEqual(OWN_TERM_BOUNDS.stepsPerText + 100)
  })
})
