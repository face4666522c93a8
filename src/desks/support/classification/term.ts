import { foldText } from './fold.ts'
import { tokenise } from './tokenise.ts'
import { noTokens } from './tokens.ts'

/** One word of a term: any of these words, beginnings, endings or lists. */
export type Slot = { words: string[]; beginnings: string[]; endings: string[]; lists: string[] }

/** `gap`: how many other words may stand before this one. */
export type Step = { slot: Slot; gap: number }

const WORDS_MAX = 8
const GAP_MAX = 6
const GAPS_MAX = 2
/** Shorter stems would match half of a language. */
export const STEM_LENGTH_MIN = 3

/**
 * Reads a term: words in order; `a/b` either word; `refund*` a beginning, `*ausfall` an ending; `~3` up to three other
 * words between; `LIST` any word of a list. A word written with umlauts is also found as ae, oe, ue.
 */
export function readTerm(text: string): { steps: Step[]; lists: string[]; problem?: string } {
  const steps: Step[] = []
  const lists: string[] = []
  let gap = 0
  let gaps = 0
  const fail = (problem: string) => ({ steps: [], lists: [], problem })
  for (const piece of text.trim().split(/\s+/)) {
    if (piece.startsWith('~')) {
      gap = Number(piece.slice(1))
      if (!/^~\d$/.test(piece) || gap < 1 || gap > GAP_MAX) return fail(`a gap is ~1 to ~${GAP_MAX}`)
      if (steps.length === 0) return fail('a term cannot begin with a gap')
      if (++gaps > GAPS_MAX) return fail(`has more than ${GAPS_MAX} gaps`)
      continue
    }
    const sequence = readAlternatives(piece)
    if (typeof sequence === 'string') return fail(sequence)
    for (const slot of sequence) {
      lists.push(...slot.lists)
      steps.push({ slot, gap })
      gap = 0
    }
  }
  if (gap > 0) return fail('a term cannot end with a gap')
  if (steps.length === 0) return fail('has no word')
  if (steps.length > WORDS_MAX) return fail(`has more than ${WORDS_MAX} words`)
  return { steps, lists }
}

/** The slots of a piece: one, or several where the tokeniser sees several words ("it's", "check-in"). */
function readAlternatives(piece: string): Slot[] | string {
  if (IS_ONE_WORD.test(piece)) return [{ words: [piece], beginnings: [], endings: [], lists: [] }]
  const slot: Slot = { words: [], beginnings: [], endings: [], lists: [] }
  const alternatives = piece.split('/')
  for (const alternative of alternatives) {
    if (/^[A-Z][A-Z0-9_]+$/.test(alternative)) {
      slot.lists.push(alternative)
      continue
    }
    const isBeginning = alternative.endsWith('*')
    const isEnding = alternative.startsWith('*')
    const bare = alternative.replace(/^\*|\*$/g, '')
    if (isBeginning && isEnding) return 'a star stands at one end only'
    const words = wordsOf(bare)
    if (words.length === 0) return `"${alternative}" is no word`
    if (words.length > 1) {
      if (isBeginning || isEnding || alternatives.length > 1) {
        return `"${alternative}" is ${words.length} words; a star or / needs one`
      }
      return words.map((word) => ({ words: [word], beginnings: [], endings: [], lists: [] }))
    }
    const variants = [words[0] ?? '', ...spelledOut(bare)]
    if ((isBeginning || isEnding) && (words[0]?.length ?? 0) < STEM_LENGTH_MIN) {
      return `"${alternative}" is shorter than ${STEM_LENGTH_MIN} letters`
    }
    slot[isBeginning ? 'beginnings' : isEnding ? 'endings' : 'words'].push(...variants)
  }
  return [slot]
}

/** What the tokeniser leaves as it is: most of the shipped words, of which reading tens of thousands is what a start waits for. */
const IS_ONE_WORD = /^[a-z]{1,20}$/

function wordsOf(text: string): string[] {
  if (IS_ONE_WORD.test(text)) return [text]
  const tokens = noTokens()
  tokenise(text, [{ from: 0, to: text.length }], tokens)
  return tokens.words
}

const UMLAUTS: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue' }

/** How somebody without umlauts on the keyboard writes the word; none when there are none in it. */
function spelledOut(word: string): string[] {
  const small = word.normalize('NFC').toLowerCase()
  if (!/[äöü]/.test(small)) return []
  return [foldText(small.replace(/[äöü]/g, (letter) => UMLAUTS[letter] ?? letter))]
}
