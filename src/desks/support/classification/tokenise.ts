import { CAPITAL, isBlankLineAt, KINDS, MARK, SMALL, SPACE } from './characters.ts'
import { entityAt, tagFinder } from './html.ts'
import { readForeign } from './read-foreign.ts'
import { readMark } from './read-mark.ts'
import { beginReading, endWord, part, type Reading } from './reading.ts'
import { CONTINUES, NEW_LINE, SENTENCE, type Tokens } from './tokens.ts'

export type Range = { from: number; to: number }

/** Appends the words of the ranges of `text` to `tokens`, each with its place in `text`. One pass, linear. */
export function tokenise(text: string, ranges: readonly Range[], tokens: Tokens): void {
  const tagAt = text.includes('<') ? tagFinder(text) : noTag
  for (const { from, to } of ranges) readRange(beginReading(text, to, tokens, tagAt), from)
}

const noTag = () => undefined

function readRange(reading: Reading, from: number): void {
  const { text, to } = reading
  for (let place = from; place < to; ) {
    let code = text.charCodeAt(place)
    let next = place + 1
    if (code === 0x26) {
      const entity = entityAt(text, place)
      if (entity) {
        code = entity.codePoint
        next = place + entity.length
      }
    } else if (code >= 0xd800 && code < 0xdc00) {
      code = text.codePointAt(place) ?? code
      if (code > 0xffff) next = place + 2
    }

    const kind = code < 128 ? KINDS[code] : undefined
    if (kind === undefined) readForeign(reading, code, place, next)
    // What is read on from an entity's first character may end before the entity does.
    else if (kind === MARK) next = Math.max(next, readMark(reading, code, place, next))
    else if (kind === SPACE) readSpace(reading, code, next)
    else addPlain(reading, code, kind, place, next)
    place = next
  }
  endWord(reading)
}

/** A letter or digit of ASCII; written as an entity, it is not in the text as it reads. */
function addPlain(reading: Reading, code: number, kind: number, place: number, next: number): void {
  if (reading.start < 0) {
    reading.start = place
    if (next - place > 1) reading.folded = ''
  }
  if (reading.folded !== undefined) reading.folded += String.fromCharCode(kind === CAPITAL ? code + 32 : code)
  if (kind === SMALL) reading.hasSmall = true
  else if (kind === CAPITAL) reading.hasCapitals = true
  reading.end = next
}

function readSpace(reading: Reading, code: number, next: number): void {
  const isLineEnd = code === 10 || code === 13
  const strength = isBlankLineAt(reading.text, next, reading.to) ? SENTENCE : NEW_LINE
  part(reading, isLineEnd ? strength : CONTINUES)
  reading.runStart = reading.tokens.words.length
}
