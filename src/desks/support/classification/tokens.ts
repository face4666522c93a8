/** How strongly a token is parted from the one before it. */
export const CONTINUES = 0
export const NEW_LINE = 1
export const CLAUSE = 2
export const SENTENCE = 3

/** Longer words are no words. Phrases end at them, so that a match cannot cut out more than a few hundred characters. */
export const FOLDED_LENGTH_MAX = 64
export const RAW_LENGTH_MAX = 200
export const SPECIALS_MAX = 200

/** Columns instead of objects: a typical ticket has a hundred tokens, and each would be an allocation. */
export type Tokens = {
  words: string[]
  from: number[]
  to: number[]
  breaks: number[]
  /** The number of the sentence that each token stands in. */
  sentences: number[]
  /** Words of three letters and more, and how many of them are in capitals only. */
  longWords: number
  shoutedWords: number
  questionMarks: number
  /** Runs of two and more `!` or `?`. */
  markRuns: number
  /** Letters outside ASCII as written, for telling languages apart. */
  specials: string
}

export const noTokens = (): Tokens => ({
  words: [],
  from: [],
  to: [],
  breaks: [],
  sentences: [],
  longWords: 0,
  shoutedWords: 0,
  questionMarks: 0,
  markRuns: 0,
  specials: '',
})
