import { fold, IGNORED, SYMBOL, WORD } from './fold.ts'
import { endWord, part, push, type Reading, readApostrophe, wordSoFar } from './reading.ts'
import { CLAUSE, CONTINUES, FOLDED_LENGTH_MAX, SENTENCE, SPECIALS_MAX } from './tokens.ts'

/** Reads a character outside ASCII, from `place` to `next`. */
export function readForeign(reading: Reading, code: number, place: number, next: number): void {
  const { kind, as } = fold(code)
  if (kind === WORD) addLetter(reading, code, as, place, next)
  else if (kind === IGNORED) {
    // Takes part in a word that goes on behind it, and is no word by itself.
    if (reading.start >= 0) reading.folded ??= wordSoFar(reading)
  } else if (kind === SYMBOL) {
    endWord(reading)
    push(reading, as, place, next)
  } else if (isApostrophe(code) || as === "'") readApostrophe(reading, next)
  else readForeignMark(reading, code, as)
}

const isApostrophe = (code: number) => code === 0x2019 || code === 0x02bc || code === 0xb4

function addLetter(reading: Reading, code: number, as: string, place: number, next: number): void {
  const { tokens } = reading
  if (reading.start < 0) {
    reading.start = place
    reading.folded = ''
  } else reading.folded ??= wordSoFar(reading)
  // A word that is too long is not built any further: it will match nothing, and building it costs.
  if ((reading.folded ?? '').length <= FOLDED_LENGTH_MAX) reading.folded += as
  const character = String.fromCodePoint(code)
  const small = character.toLowerCase()
  if (small !== character) reading.hasCapitals = true
  else reading.hasSmall = true
  if (tokens.specials.length < SPECIALS_MAX) tokens.specials += small
  reading.end = next
}

function readForeignMark(reading: Reading, code: number, as: string): void {
  const { tokens } = reading
  if (as === '!' || as === '?') {
    if (as === '?') tokens.questionMarks++
    part(reading, SENTENCE)
    return
  }
  // Separators of lines and paragraphs, and the full stop of Chinese and Japanese.
  if (code === 0x2028 || code === 0x2029 || code === 0x3002) {
    part(reading, SENTENCE)
    return
  }
  // ¿ and ¡ tell Spanish.
  if ((code === 0xbf || code === 0xa1) && tokens.specials.length < SPECIALS_MAX) {
    tokens.specials += String.fromCodePoint(code)
  }
  // Dashes and quotation marks part words; only dashes part clauses.
  part(reading, code === 0x2013 || code === 0x2014 || code === 0x2026 ? CLAUSE : CONTINUES)
  if (as === ' ') reading.runStart = tokens.words.length
}
