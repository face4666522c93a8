import { isDigit, isLetterAt, isSpace } from './characters.ts'
import { dropRun, endWord, part, push, type Reading, readApostrophe, wordSoFar } from './reading.ts'
import { CLAUSE, CONTINUES, NEW_LINE, SENTENCE } from './tokens.ts'

const FACES: Record<string, string> = { ')': ':)', '(': ':(', D: ':)', P: ':)', '/': ':(', '|': ':(' }

/** Reads an ASCII mark at `place`, and what belongs to it; returns where to go on, `next` when it is the mark alone. */
export function readMark(reading: Reading, code: number, place: number, next: number): number {
  switch (code) {
    case 0x27: // '
    case 0x60: // `
      readApostrophe(reading, next)
      return next
    case 0x2e: // .
      return readPoint(reading, place, next)
    case 0x2c: // ,
      if (!goesOnInNumber(reading, code, place, next)) part(reading, CLAUSE)
      return next
    case 0x3a: // :
      return readColon(reading, place, next)
    case 0x3b: // ;
      return readSemicolon(reading, place, next)
    case 0x21: // !
    case 0x3f: // ?
      return readExclamations(reading, place)
    case 0x3c: // <
      return readTag(reading, place, next)
    case 0x40: // @
      if (reading.start >= 0 && isLetterAt(reading.text, next)) return skipAddress(reading, next)
      break
    case 0x28: // (
    case 0x29: // )
      part(reading, CLAUSE)
      return next
    case 0x24: // $
      endWord(reading)
      push(reading, '$', place, next)
      return next
  }
  part(reading, CONTINUES)
  return next
}

/** Whether the mark stands between two digits: 1.280,50 and 14:30 are words. */
function goesOnInNumber(reading: Reading, code: number, place: number, next: number): boolean {
  const { text, start } = reading
  if (start < 0 || !isDigit(text.charCodeAt(place - 1)) || !isDigit(text.charCodeAt(next))) return false
  if (reading.folded !== undefined) reading.folded += String.fromCharCode(code)
  return true
}

function readPoint(reading: Reading, place: number, next: number): number {
  if (goesOnInNumber(reading, 0x2e, place, next)) return next
  const { text, to, start, end } = reading
  if (start >= 0 && wordSoFar(reading) === 'www') return skipAddress(reading, next)
  const follower = text.charAt(next)
  if (follower === '.') {
    part(reading, CLAUSE)
    return endOfDots(reading, next)
  }
  // "z. B." and initials end no sentence.
  const isShort = start >= 0 && end - start === 1
  part(reading, !isShort && (next >= to || /\s/.test(follower)) ? SENTENCE : CONTINUES)
  return next
}

function endOfDots({ text, to }: Reading, next: number): number {
  let place = next
  while (place < to && text.charCodeAt(place) === 0x2e) place++
  return place
}

function readColon(reading: Reading, place: number, next: number): number {
  if (goesOnInNumber(reading, 0x3a, place, next)) return next
  const { text, start } = reading
  if (text.startsWith('//', next)) return skipAddress(reading, next)
  const noseLength = text.charAt(next) === '-' ? 1 : 0
  const face = start < 0 ? FACES[text.charAt(next + noseLength)] : undefined
  if (!face) {
    part(reading, CLAUSE)
    return next
  }
  const faceEnd = next + noseLength + 1
  push(reading, face, place, faceEnd)
  return faceEnd
}

function readSemicolon(reading: Reading, place: number, next: number): number {
  const { text } = reading
  const noseLength = text.charAt(next) === '-' ? 1 : 0
  if (text.charAt(next + noseLength) !== ')') {
    part(reading, SENTENCE)
    return next
  }
  const winkEnd = next + noseLength + 1
  endWord(reading)
  push(reading, ';)', place, winkEnd)
  return winkEnd
}

/** A run of exclamation and question marks. */
function readExclamations(reading: Reading, place: number): number {
  const { text, to, tokens } = reading
  let runEnd = place
  for (; runEnd < to; runEnd++) {
    const mark = text.charCodeAt(runEnd)
    if (mark !== 0x21 && mark !== 0x3f) break
    if (mark === 0x3f) tokens.questionMarks++
  }
  if (runEnd - place > 1) tokens.markRuns++
  part(reading, SENTENCE)
  return runEnd
}

function readTag(reading: Reading, place: number, next: number): number {
  const tag = reading.tagAt(place)
  if (!tag || tag.end > reading.to) {
    part(reading, CONTINUES)
    return next
  }
  if (tag.isBlock) part(reading, NEW_LINE)
  // <b> may stand in the midst of a word, which goes on behind it.
  else if (reading.start >= 0) reading.folded ??= wordSoFar(reading)
  return tag.end
}

/** An address of a page or a mailbox says nothing, whatever words are in it. */
function skipAddress(reading: Reading, next: number): number {
  dropRun(reading)
  const { text, to } = reading
  let place = next
  while (place < to && !isSpace(text.charCodeAt(place))) place++
  return place
}
