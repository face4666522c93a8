const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  rsquo: "'",
  lsquo: "'",
  ldquo: '"',
  rdquo: '"',
  hellip: '.',
  ndash: '-',
  mdash: '-',
  shy: '\u00ad',
  szlig: 'ß',
  ccedil: 'ç',
  ntilde: 'ñ',
  euro: '€',
  pound: '£',
  iquest: '¿',
  iexcl: '¡',
  oelig: 'œ',
}
const MARKED = { acute: '\u0301', grave: '\u0300', circ: '\u0302', uml: '\u0308' }
for (const letter of 'aeiouAEIOU') {
  for (const [name, mark] of Object.entries(MARKED)) NAMED[letter + name] = (letter + mark).normalize('NFC')
}

const ENTITY_LENGTH_MAX = 10
const ENTITY = /^&(?:([a-zA-Z]{2,8})|#(\d{1,6})|#[xX]([0-9a-fA-F]{1,5}));/

/** The code point that an entity at `place` stands for, and how many characters it takes; undefined when there is none. */
export function entityAt(text: string, place: number): { codePoint: number; length: number } | undefined {
  const found = ENTITY.exec(text.slice(place, place + ENTITY_LENGTH_MAX))
  if (!found) return undefined
  const [whole, name, decimal, hexadecimal] = found
  const codePoint = name
    ? // &valueOf; would find a function of every object.
      (Object.hasOwn(NAMED, name) ? NAMED[name] : undefined)?.codePointAt(0)
    : Number.parseInt(decimal ?? hexadecimal ?? '', decimal ? 10 : 16)
  // Past Unicode's end there is no character; String.fromCodePoint would throw.
  return codePoint === undefined || codePoint > 0x10ffff ? undefined : { codePoint, length: whole.length }
}

const TAG_LENGTH_MAX = 2_000
const BLOCK = /^<[/]?(?:br|p|div|li|ul|ol|tr|td|th|table|h[1-6]|blockquote|hr|body|html|head)\b/i
const SILENT = /^<(?:style|script|title)\b/i

/**
 * Finds tags, each search going on where the last one ended: a text of nothing but `<` is read once, not once per `<`.
 */
export function tagFinder(text: string) {
  const find = { '>': searcher(text, '>'), '-->': searcher(text, '-->'), '</': searcher(text, '</') }
  /** Where the tag at `place` ends, if one is there, and whether it begins a new line. */
  return (place: number): { end: number; isBlock: boolean } | undefined => {
    if (!/[a-zA-Z/!]/.test(text.charAt(place + 1))) return undefined
    if (text.startsWith('<!--', place)) {
      const end = find['-->'](place)
      return end < 0 ? undefined : { end: end + 3, isBlock: false }
    }
    const close = find['>'](place)
    if (close < 0 || close - place > TAG_LENGTH_MAX) return undefined
    const head = text.slice(place, place + 12)
    if (SILENT.test(head)) {
      const end = find['</'](close)
      if (end >= 0) return { end, isBlock: true }
    }
    return { end: close + 1, isBlock: BLOCK.test(head) }
  }
}

function searcher(text: string, wanted: string) {
  let last = -2
  return (from: number): number => {
    if (last === -1 || last >= from) return last
    last = text.indexOf(wanted, from)
    return last
  }
}
