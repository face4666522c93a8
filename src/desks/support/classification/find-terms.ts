import type { Branches, Lexicon, Node, WordEntry } from './lexicon.ts'
import { SENTENCE } from './tokens.ts'

/** A term found: which, from which token on, and which of the tokens from there on are its words (bits, the first is 1). */
export type Find = { owner: number; term: number; lexicon: number; start: number; mask: number }

/** `isCut`: a bound was reached, and something behind it may not have been found. `steps`: what the text cost. */
export type Finds = { finds: Find[]; steps: number; isCut: boolean }

/** No term spans more tokens than a mask has bits: 8 words and two gaps of 6. */
const SPAN_MAX = 31

/** What a find costs in steps, with what is made of it afterwards. */
export const FIND_STEPS = 16

/**
 * All places where a term of the active languages stands. From each token the tree of terms is followed. A step is a token
 * that is looked at from an earlier one, a slot of it that is tried, or a term that is looked at; steps are bounded, for
 * each token and for the text, by those of the lexicon, and the same text ends at the same step each time.
 */
export function findTerms(
  lexicon: Lexicon,
  number: number,
  entries: readonly WordEntry[],
  breaks: readonly number[],
  languages: number,
): Finds {
  const finds: Find[] = []
  const { terms } = lexicon
  const { stepsPerWord, stepsPerText } = lexicon.bounds
  let steps = 0
  let limit = 0
  let isCut = false

  for (let start = 0; start < entries.length; start++) {
    const { starts } = entries[start] as WordEntry
    if (starts.length === 0) continue
    if (steps >= stepsPerText) {
      isCut = true
      break
    }
    limit = Math.min(steps + stepsPerWord, stepsPerText)
    for (const node of starts) follow(node, start, start, 1)
  }
  return { finds, steps, isCut }

  function follow(node: Node, start: number, place: number, mask: number): void {
    for (const term of node.terms) {
      if (steps >= limit) {
        isCut = true
        return
      }
      const { owner, languages: of } = terms[term] as (typeof terms)[number]
      if ((of & languages) === 0) steps += 1
      else {
        steps += FIND_STEPS
        finds.push({ owner, term, lexicon: number, start, mask })
      }
    }
    if (node.next.bits !== 0) step(node.next, start, place + 1, mask)
    for (const gap of node.gaps) {
      for (let skipped = 0; skipped <= gap.words; skipped++) {
        if (!step(gap.next, start, place + 1 + skipped, mask)) break
      }
    }
  }

  /** False when no term can go on past this place. */
  function step(next: Branches, start: number, place: number, mask: number): boolean {
    if (place >= entries.length || place - start >= SPAN_MAX || (breaks[place] as number) >= SENTENCE) return false
    if (steps >= limit) {
      isCut = true
      return false
    }
    steps += 1
    const entry = entries[place] as WordEntry
    if ((entry.bits & next.bits) === 0) return true
    steps += entry.slots.length
    for (const slot of entry.slots) {
      const node = next.nodes.get(slot)
      if (node) follow(node, start, place, mask | (1 << (place - start)))
    }
    return true
  }
}
