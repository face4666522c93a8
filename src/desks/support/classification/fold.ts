/** What a character is to the tokeniser. Everything that folds to letters or digits is part of a word. */
export const WORD = 1
export const IGNORED = 2
export const SYMBOL = 3
const OTHER = 4

type Folded = { kind: typeof WORD | typeof IGNORED | typeof SYMBOL | typeof OTHER; as: string }

/** Letters of other scripts that look like Latin ones, as somebody types them to slip past a filter. */
const CONFUSABLES = new Map(
  Object.entries({
    ...pairs('авсдеһіјкӏмпорԛѕтуѵԝхуґѡ', 'abcdehijklmnopqstyvwxyrw'),
    ...pairs('αβεηικνορτυχγωϲϳ', 'abenikvoptuxywcj'),
    ...pairs('ıɩɡɑʟʀᴏ', 'iigalro'),
    ł: 'l',
    ø: 'o',
    đ: 'd',
    ß: 'ss',
    æ: 'ae',
    œ: 'oe',
  }),
)

// Cyrillic small ve, ka, em, en and te are small capitals, which only look like Latin ones when written large.
const CAPITAL_CONFUSABLES = new Map(
  Object.entries(pairs('ВНКМТРСАЕОХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'bhkmtpcaeoxyijsabezhikmnoptyx')),
)

function pairs(from: string, to: string): Record<string, string> {
  return Object.fromEntries([...from].map((letter, place) => [letter, to[place] ?? letter]))
}

const SYMBOLS = /^[\p{Extended_Pictographic}\p{Sc}]$/u
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Mn}\p{Me}\p{Cf}\p{Emoji_Modifier}]$/u
const MARKS = /[\p{Mn}\p{Me}]/gu
const WORD_CHARACTERS = /^[\p{L}\p{N}]+$/u

/** One entry per code unit of the basic plane, filled as it is met; never longer, whatever texts bring. */
const known: (Folded | undefined)[] = new Array(0x1_0000)

/** A code point in the alphabet that terms are compared in: small Latin letters without marks. */
export function fold(codePoint: number): Folded {
  if (codePoint > 0xffff) return foldAstral(codePoint)
  const found = known[codePoint]
  if (found) return found
  const folded = foldAnew(codePoint)
  known[codePoint] = folded
  return folded
}

const ASTRAL_MAX = 5_000
const knownAstral = new Map<number, Folded>()

/** Emoji, mostly: a few hundred of a million. */
function foldAstral(codePoint: number): Folded {
  const found = knownAstral.get(codePoint)
  if (found) return found
  const folded = foldAnew(codePoint)
  if (knownAstral.size < ASTRAL_MAX) knownAstral.set(codePoint, folded)
  return folded
}

function foldAnew(codePoint: number): Folded {
  const character = String.fromCodePoint(codePoint)
  // A lone surrogate is no character at all.
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return { kind: OTHER, as: ' ' }
  if (IGNORABLE.test(character)) return { kind: IGNORED, as: '' }
  const plain = character.normalize('NFKD').replace(MARKS, '')
  const as = Array.from(plain, (letter) => {
    const small = letter.toLowerCase().replace(MARKS, '')
    return CAPITAL_CONFUSABLES.get(letter) ?? CONFUSABLES.get(small) ?? small
  }).join('')
  if (WORD_CHARACTERS.test(as)) return { kind: WORD, as }
  // Digits and letters in emoji dress are pictographs to Unicode only by a later selector.
  if (SYMBOLS.test(character) && codePoint > 0x7f) return { kind: SYMBOL, as: character }
  return { kind: OTHER, as: plain === '' ? ' ' : (plain[0] ?? ' ') }
}

/** A whole string, for the few words and lines that are compared outside the tokeniser. */
export function foldText(text: string): string {
  if (IS_PLAIN.test(text)) return text
  let folded = ''
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    folded += code < 0x80 ? character.toLowerCase() : fold(code).as
  }
  return folded
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII without capitals, which folds to itself.
const IS_PLAIN = /^[\x00-\x40\x5b-\x7f]*$/
