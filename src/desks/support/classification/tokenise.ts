import { fold, IGNORED, SYMBOL, WORD } from './fold.ts'
import { entityAt, tagFinder } from './html.ts'
import {
  CLAUSE,
  CONTINUES,
  FOLDED_LENGTH_MAX,
  NEW_LINE,
  RAW_LENGTH_MAX,
  SENTENCE,
  SPECIALS_MAX,
  type Tokens,
} from './tokens.ts'

export type Range = { from: number; to: number }

const SPACE = 0
const SMALL = 1
const CAPITAL = 2
const DIGIT = 3
const MARK = 4
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => kindOf(String.fromCharCode(code)))

function kindOf(character: string): number {
  if (/[a-z]/.test(character)) return SMALL
  if (/[A-Z]/.test(character)) return CAPITAL
  if (/\d/.test(character)) return DIGIT
  return /\s/.test(character) ? SPACE : MARK
}

/** What French cuts off before a vowel: a word of its own, so that "l'avocat" is found as "avocat". */
const ELISIONS = new Set(['l', 'd', 'j', 'n', 'm', 't', 's', 'c', 'qu'])
const JOINED = new Set(['aujourd', 'o'])
const FACES: Record<string, string> = { ')': ':)', '(': ':(', D: ':)', P: ':)', '/': ':(', '|': ':(' }

/** Appends the words of the ranges of `text` to `tokens`, each with its place in `text`. One pass, linear. */
export function tokenise(text: string, ranges: readonly Range[], tokens: Tokens): void {
  const tagAt = text.includes('<') ? tagFinder(text) : noTag
  for (const range of ranges) tokeniseRange(text, range, tokens, tagAt)
}

function tokeniseRange(text: string, { from, to }: Range, tokens: Tokens, tagAt: ReturnType<typeof tagFinder>): void {
  let pending = SENTENCE
  /** Where the word being read began; −1 between words. */
  let start = -1
  let end = -1
  /** The folded word so far when it differs from the text; undefined while a slice of the text will do. */
  let folded: string | undefined
  let hasCapitals = false
  let hasSmall = false
  /** The first token since the last white space: addresses are dropped as a whole. */
  let runStart = tokens.words.length

  const wordSoFar = () => folded ?? (hasCapitals ? text.slice(start, end).toLowerCase() : text.slice(start, end))

  const push = (word: string, wordFrom: number, wordTo: number) => {
    tokens.words.push(word)
    tokens.from.push(wordFrom)
    tokens.to.push(wordTo)
    tokens.breaks.push(pending)
    tokens.sentences.push((tokens.sentences.at(-1) ?? 0) + (pending >= SENTENCE ? 1 : 0))
    pending = CONTINUES
  }

  const endWord = () => {
    if (start < 0) return
    const word = wordSoFar()
    const isWord = word.length <= FOLDED_LENGTH_MAX && end - start <= RAW_LENGTH_MAX
    if (!isWord) pending = SENTENCE
    push(isWord ? word : '', start, end)
    if (!isWord) pending = SENTENCE
    if (word.length >= 3 && (hasCapitals || hasSmall)) {
      tokens.longWords++
      if (!hasSmall) tokens.shoutedWords++
    }
    start = -1
    folded = undefined
    hasCapitals = hasSmall = false
  }

  const dropRun = () => {
    const { words, breaks } = tokens
    if (words.length > runStart) pending = Math.max(pending, breaks[runStart] ?? 0)
    for (const column of [words, tokens.from, tokens.to, breaks, tokens.sentences]) column.length = runStart
    start = -1
    folded = undefined
    hasCapitals = hasSmall = false
  }

  const part = (strength: number) => {
    endWord()
    if (strength > pending) pending = strength
  }

  for (let place = from; place < to; ) {
    let code = text.charCodeAt(place)
    let width = 1
    if (code === 0x26) {
      const entity = entityAt(text, place)
      if (entity) ({ codePoint: code, length: width } = entity)
    } else if (code >= 0xd800 && code < 0xdc00) {
      code = text.codePointAt(place) ?? code
      if (code > 0xffff) width = 2
    }
    const next = place + width

    const kind = code < 128 ? KINDS[code] : -1
    if (kind === SMALL || kind === CAPITAL || kind === DIGIT) {
      if (start < 0) {
        start = place
        if (width > 1) folded = ''
      }
      if (folded !== undefined) folded += String.fromCharCode(kind === CAPITAL ? code + 32 : code)
      if (kind === SMALL) hasSmall = true
      else if (kind === CAPITAL) hasCapitals = true
      end = next
    } else if (kind === SPACE) {
      part(code === 10 || code === 13 ? (isBlankLineAt(text, next, to) ? SENTENCE : NEW_LINE) : CONTINUES)
      runStart = tokens.words.length
    } else if (kind === MARK) {
      const skipTo = readMark(code, place, next)
      if (skipTo > next) {
        place = skipTo
        continue
      }
    } else {
      readSpecial(code, place, next)
    }
    place = next
  }
  endWord()

  function readSpecial(code: number, place: number, next: number): void {
    const { kind: foldedKind, as } = fold(code)
    if (foldedKind === IGNORED) {
      // Takes part in a word that goes on behind it, and is no word by itself.
      if (start >= 0 && folded === undefined) folded = wordSoFar()
    } else if (foldedKind === WORD) {
      if (start < 0) {
        start = place
        folded = ''
      } else if (folded === undefined) folded = wordSoFar()
      // A word that is too long is not built any further: it will match nothing, and building it costs.
      if (folded.length <= FOLDED_LENGTH_MAX) folded += as
      const character = String.fromCodePoint(code)
      if (character.toLowerCase() !== character) hasCapitals = true
      else hasSmall = true
      if (tokens.specials.length < SPECIALS_MAX) tokens.specials += character.toLowerCase()
      end = next
    } else if (foldedKind === SYMBOL) {
      endWord()
      push(as, place, next)
    } else if (code === 0x2019 || code === 0x02bc || code === 0xb4 || as === "'") readApostrophe(next)
    else if (as === '!' || as === '?') {
      if (as === '?') tokens.questionMarks++
      part(SENTENCE)
    } else if (code === 0x2028 || code === 0x2029 || code === 0x3002) part(SENTENCE)
    else {
      if ((code === 0xbf || code === 0xa1) && tokens.specials.length < SPECIALS_MAX) {
        tokens.specials += String.fromCodePoint(code)
      }
      // Dashes and quotation marks part words; only dashes part clauses.
      part(code === 0x2013 || code === 0x2014 || code === 0x2026 ? CLAUSE : CONTINUES)
      if (as === ' ') runStart = tokens.words.length
    }
  }

  function readApostrophe(next: number): void {
    if (start < 0) return
    const follower = text.charCodeAt(next)
    const word = wordSoFar()
    const isNegation = (follower === 0x74 || follower === 0x54) && /n$/.test(word) && !isLetterAt(text, next + 1)
    if (!ELISIONS.has(word) && (isNegation || JOINED.has(word))) folded = word
    else endWord()
  }

  /** Returns where to go on when more than the mark itself is used up, else 0. */
  function readMark(code: number, place: number, next: number): number {
    const follower = text.charAt(next)
    switch (code) {
      case 0x27: // '
      case 0x60: // `
        readApostrophe(next)
        return 0
      case 0x2e: // .
      case 0x2c: // ,
      case 0x3a: {
        // :
        const isInNumber = start >= 0 && isDigit(text.charCodeAt(place - 1)) && isDigit(text.charCodeAt(next))
        if (isInNumber) {
          if (folded !== undefined) folded += String.fromCharCode(code)
          return 0
        }
        if (code === 0x3a && text.startsWith('//', next)) return skipRun(next)
        if (code === 0x2e && start >= 0 && wordSoFar() === 'www') return skipRun(next)
        if (code === 0x3a && start < 0) {
          const face = FACES[follower === '-' ? text.charAt(next + 1) : follower]
          if (face) {
            push(face, place, next + (follower === '-' ? 2 : 1))
            return next + (follower === '-' ? 2 : 1)
          }
        }
        if (code === 0x2e) {
          if (follower === '.') return readDots(next)
          const isShort = start >= 0 && end - start === 1
          part(!isShort && (next >= to || /\s/.test(follower)) ? SENTENCE : CONTINUES)
        } else part(CLAUSE)
        return 0
      }
      case 0x3b: {
        // ;
        const winkLength = follower === ')' ? 1 : follower === '-' && text.charAt(next + 1) === ')' ? 2 : 0
        if (winkLength === 0) {
          part(SENTENCE)
          return 0
        }
        endWord()
        push(';)', place, next + winkLength)
        return next + winkLength
      }
      case 0x21: // !
      case 0x3f: {
        // ?
        let runEnd = place
        for (; runEnd < to; runEnd++) {
          const mark = text.charCodeAt(runEnd)
          if (mark !== 0x21 && mark !== 0x3f) break
          if (mark === 0x3f) tokens.questionMarks++
        }
        if (runEnd - place > 1) tokens.markRuns++
        part(SENTENCE)
        return runEnd
      }
      case 0x3c: {
        // <
        const tag = tagAt(place)
        if (!tag || tag.end > to) break
        if (tag.isBlock) part(NEW_LINE)
        // <b> may stand in the midst of a word, which goes on behind it.
        else if (start >= 0) folded ??= wordSoFar()
        return tag.end
      }
      case 0x40: // @
        if (start >= 0 && isLetterAt(text, next)) return skipRun(next)
        break
      case 0x28: // (
      case 0x29: // )
        part(CLAUSE)
        return 0
      case 0x24: // $
        endWord()
        push('$', place, next)
        return 0
    }
    part(CONTINUES)
    return 0
  }

  function readDots(next: number): number {
    let place = next
    while (place < to && text.charCodeAt(place) === 0x2e) place++
    part(CLAUSE)
    return place
  }

  /** An address of a page or a mailbox says nothing, whatever words are in it. */
  function skipRun(next: number): number {
    dropRun()
    let place = next
    while (place < to && !isSpace(text.charCodeAt(place))) place++
    return place
  }
}

const noTag = () => undefined
const isDigit = (code: number) => code >= 0x30 && code <= 0x39
const isSpace = (code: number) => code <= 0x20 || code === 0xa0
const isLetterAt = (text: string, place: number) => /[\p{L}\p{N}]/u.test(text.charAt(place))

/** Only blanks until the next line break. Looks a few characters ahead: longer runs of blanks part nothing. */
function isBlankLineAt(text: string, place: number, to: number): boolean {
  for (let ahead = place; ahead < Math.min(place + 8, to); ahead++) {
    const code = text.charCodeAt(ahead)
    if (code === 10) return true
    if (code !== 13 && code !== 32 && code !== 9) return false
  }
  return false
}
