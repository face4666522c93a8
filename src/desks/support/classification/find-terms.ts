import type { Branches, Lexicon, Node, WordEntry } from './lexicon.ts'
import { SENTENCE } from './tokens.ts'

/** A term found: which, from which token on, and which of the tokens from there on are its words (bits, the first is 1). */
export type Find = { owner: number; term: number; lexicon: number; start: number; mask: number }

/** No term spans more tokens than a mask has bits: 8 words and two gaps of 6. */
const SPAN_MAX = 31

/**
 * All places where a term of the active languages stands. From each token the tree of terms is followed; that costs at
 * most the terms beginning with that word, times 49 for two gaps, whatever the text.
 */
export function findTerms(
  lexicon: Lexicon,
  number: number,
  entries: readonly WordEntry[],
  breaks: readonly number[],
  languages: number,
): Find[] {
  const finds: Find[] = []
  const { terms } = lexicon

  for (let start = 0; start < entries.length; start++) {
    for (const node of (entries[start] as WordEntry).starts) follow(node, start, start, 1)
  }
  return finds

  function follow(node: Node, start: number, place: number, mask: number): void {
    for (const term of node.terms) {
      const { owner, languages: of } = terms[term] as (typeof terms)[number]
      if ((of & languages) !== 0) finds.push({ owner, term, lexicon: number, start, mask })
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
    const entry = entries[place] as WordEntry
    if ((entry.bits & next.bits) === 0) return true
    for (const slot of entry.slots) {
      const node = next.nodes.get(slot)
      if (node) follow(node, start, place, mask | (1 << (place - start)))
    }
    return true
  }
}
