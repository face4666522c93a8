import { isLetterAt } from './characters.ts'
import type { tagFinder } from './html.ts'
import { CONTINUES, FOLDED_LENGTH_MAX, RAW_LENGTH_MAX, SENTENCE, type Tokens } from './tokens.ts'

/** How far the tokeniser has come in a range of a text: the word that it is in the midst of, and what stands before the next. */
export type Reading = {
  readonly text: string
  /** Where the range ends. */
  readonly to: number
  readonly tokens: Tokens
  readonly tagAt: ReturnType<typeof tagFinder>
  /** How strongly the next token is parted from the one before it. */
  pending: number
  /** Where the word being read began; −1 between words. */
  start: number
  end: number
  /** The folded word so far when it differs from the text; undefined while a slice of the text will do. */
  folded: string | undefined
  hasCapitals: boolean
  hasSmall: boolean
  /** The first token since the last white space: addresses are dropped as a whole. */
  runStart: number
}

export const beginReading = (
  text: string,
  to: number,
  tokens: Tokens,
  tagAt: ReturnType<typeof tagFinder>,
): Reading => ({
  ...{ text, to, tokens, tagAt, pending: SENTENCE, start: -1, end: -1, folded: undefined },
  ...{ hasCapitals: false, hasSmall: false, runStart: tokens.words.length },
})

export function wordSoFar({ text, start, end, folded, hasCapitals }: Reading): string {
  return folded ?? (hasCapitals ? text.slice(start, end).toLowerCase() : text.slice(start, end))
}

/** A token from one place of the text to another. */
export function push(reading: Reading, word: string, from: number, to: number): void {
  const { tokens, pending } = reading
  tokens.words.push(word)
  tokens.from.push(from)
  tokens.to.push(to)
  tokens.breaks.push(pending)
  tokens.sentences.push((tokens.sentences.at(-1) ?? 0) + (pending >= SENTENCE ? 1 : 0))
  reading.pending = CONTINUES
}

/** The word being read, if there is one, is a token. */
export function endWord(reading: Reading): void {
  const { tokens, start, end } = reading
  if (start < 0) return
  const word = wordSoFar(reading)
  const isWord = word.length <= FOLDED_LENGTH_MAX && end - start <= RAW_LENGTH_MAX
  if (!isWord) reading.pending = SENTENCE
  push(reading, isWord ? word : '', start, end)
  if (!isWord) reading.pending = SENTENCE
  if (word.length >= 3 && (reading.hasCapitals || reading.hasSmall)) {
    tokens.longWords++
    if (!reading.hasSmall) tokens.shoutedWords++
  }
  forgetWord(reading)
}

function forgetWord(reading: Reading): void {
  reading.start = -1
  reading.folded = undefined
  reading.hasCapitals = reading.hasSmall = false
}

/** Ends the word, and parts the next token from it at least so strongly. */
export function part(reading: Reading, strength: number): void {
  endWord(reading)
  if (strength > reading.pending) reading.pending = strength
}

/** Takes back everything since the last white space, the word being read included. */
export function dropRun(reading: Reading): void {
  const { tokens, runStart } = reading
  const { words, breaks } = tokens
  if (words.length > runStart) reading.pending = Math.max(reading.pending, breaks[runStart] ?? 0)
  for (const column of [words, tokens.from, tokens.to, breaks, tokens.sentences]) column.length = runStart
  forgetWord(reading)
}

/** What French cuts off before a vowel: a word of its own, so that "l'avocat" is found as "avocat". */
const ELISIONS = new Set(['l', 'd', 'j', 'n', 'm', 't', 's', 'c', 'qu'])
const JOINED = new Set(['aujourd', 'o'])

/** An apostrophe before `next` parts words, but not in "can't" and "aujourd'hui". */
export function readApostrophe(reading: Reading, next: number): void {
  if (reading.start < 0) return
  const { text } = reading
  const follower = text.charCodeAt(next)
  const word = wordSoFar(reading)
  const isNegation = (follower === 0x74 || follower === 0x54) && /n$/.test(word) && !isLetterAt(text, next + 1)
  if (!ELISIONS.has(word) && (isNegation || JOINED.has(word))) reading.folded = word
  else endWord(reading)
}
