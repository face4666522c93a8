import fc from 'fast-check'

/** What places of terms share, and a word of a text that fits it. */
const SHARED: readonly (readonly [place: string, word: string])[] = [
  ...([
    ['xx', 'xx'],
    ['yy', 'yy'],
    ['refund', 'refund'],
    ['xxx*', 'xxxq'],
    ['*zzz', 'qzzz'],
  ] as const),
  ...([
    ['xxx*', 'xxxzzz'],
    ['NUMBER', '17'],
    ['DAY', 'monday'],
  ] as const),
]
/** What a text may have besides: a word that fits nothing, and the end of a sentence. */
const BETWEEN = ['other', '.']

type Vocabulary = typeof SHARED

/** Up to eight words with two gaps, as wide as they may be more often than not. */
const term = (vocabulary: Vocabulary) =>
  fc
    .tuple(
      fc.array(placeOf(vocabulary), { minLength: 1, maxLength: 8, size: 'max' }),
      fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2, size: 'max' }),
      fc.oneof({ weight: 3, arbitrary: fc.constant(6) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 6 }) }),
    )
    .map(([places, gaps, width]) =>
      places.flatMap((one, number) => (number > 0 && gaps.includes(number) ? [`~${width}`, one] : [one])).join(' '),
    )

/** Something that many places share, often with a word that makes it a place of its own. */
const placeOf = (vocabulary: Vocabulary) =>
  fc
    .tuple(fc.constantFrom(...vocabulary), fc.option(fc.nat({ max: 300 }), { freq: 2, nil: undefined }))
    .map(([[shared], own]) => (own === undefined ? shared : `${shared}/w${own}`))

const textOf = (vocabulary: Vocabulary, words: number) =>
  fc
    .tuple(
      fc.array(
        fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom(...vocabulary.map(([, word]) => word)) },
          { weight: 1, arbitrary: fc.constantFrom(...BETWEEN) },
        ),
        { minLength: 1, maxLength: 8 },
      ),
      fc.integer({ min: Math.floor(words / 2), max: words }),
    )
    .map(([piece, count]) => Array.from({ length: count }, (_, number) => piece[number % piece.length]).join(' '))

/**
 * Terms and a text that are made to cost as much as they can: all terms share one to three words at every place and have gaps
 * to go on through, and the text consists of those words, often of one of them.
 */
export const hostile = (most: { terms: number; words: number }) =>
  fc.uniqueArray(fc.constantFrom(...SHARED), { minLength: 1, maxLength: 3, size: 'max' }).chain((vocabulary) =>
    fc.record({
      terms: fc.array(term(vocabulary), { minLength: 1, maxLength: most.terms, size: 'max' }),
      text: textOf(vocabulary, most.words),
    }),
  )

/** What made a short message cost ten seconds. */
export const REPORTED_TERMS = Array.from(
  { length: 500 },
  (_, number) => `xx/a${number} ~6 xx/b${number} ~6 xx/c${number} xx/d${number} xx/e${number} xx/f${number}`,
)
