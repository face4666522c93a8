import { collectSlots, FORMS, formOf, type Slots, startsWithDigit } from './slots.ts'
import { readTerm, type Step } from './term.ts'

/** A term and what it belongs to. `owner`: a concept's number, or one of the roles below. */
export type LexiconTerm = { text: string; owner: number; languages: number }

export const NEGATES_NEXT = -1
export const NEGATES_LAST = -2
export const BREAKS_CLAUSE = -3
export const SUPPOSES = -4
export const INTENSIFIES = -5

/** What a word is to the terms: the slots it fits, what terms begin with it, the languages it is frequent in (bits). */
export type WordEntry = { slots: readonly number[]; bits: number; starts: readonly Node[]; languages: number }

/** One of 31 bits for a slot: what has no bit in common has no slot in common, and most have none. */
const bitOf = (slot: number): number => 1 << (slot % 31)

/** Where terms go on: which slots, as bits, and to which node by slot. */
export type Branches = { bits: number; nodes: Map<number, Node> }

/** The terms as a tree over slots: what stands at a node is found when the words on the way to it were. */
export type Node = {
  terms: number[]
  next: Branches
  gaps: { words: number; next: Branches }[]
}

/** What one text may cost at most, so that no terms, whatever they are, hold up a process. */
export type MatchBounds = {
  /** A word is taken to fit no more slots than these, the first ones. */
  slotsPerWord: number
  /** From one word of a text on, and for a whole text: see findTerms for what a step is. */
  stepsPerWord: number
  stepsPerText: number
  /** Words whose entries are kept, twice. */
  rememberedWords: number
}

export type Lexicon = {
  terms: readonly LexiconTerm[]
  find: (word: string) => WordEntry
  bounds: MatchBounds
  /** For weighing what the terms can cost. */
  slots: Slots
  roots: readonly (Node | undefined)[]
}

const NOTHING: WordEntry = { slots: [], bits: 0, starts: [], languages: 0 }

/** Compiles terms for matching. Linear in their number; the lists are those of the rule document. */
export function compileLexicon(
  terms: readonly LexiconTerm[],
  lists: Readonly<Record<string, readonly string[]>>,
  bounds: MatchBounds,
  frequentWords?: ReadonlyMap<string, number>,
): Lexicon {
  const slots = collectSlots(lists)
  const roots: (Node | undefined)[] = []
  for (const [number, { text }] of terms.entries()) {
    let node: Node | undefined
    for (const step of readTerm(text).steps) node = grow(node, step)
    node?.terms.push(number)
  }
  const entryOf = (found: readonly number[], languages: number): WordEntry => {
    if (found.length === 0 && languages === 0) return NOTHING
    const bits = found.reduce((all, slot) => all | bitOf(slot), 0)
    return { slots: found, bits, starts: found.flatMap((slot) => roots[slot] ?? []), languages }
  }
  // Order numbers are endless: all of one form share an entry.
  const numbers = new Map(FORMS.map((form) => [form, entryOf(slots.ofForm(form).slice(0, bounds.slotsPerWord), 0)]))
  const find = remember(
    (word) => entryOf(slots.lookUp(word, bounds.slotsPerWord), frequentWords?.get(word) ?? 0),
    bounds.rememberedWords,
  )
  // Most words are nothing to the few terms of a tenant: they are not kept for each tenant once more.
  const mayBeFound = frequentWords ? () => true : slots.mayFit
  return {
    terms,
    find: (word) => {
      if (startsWithDigit(word) && !slots.has(word)) return numbers.get(formOf(word) ?? 'CODE') ?? NOTHING
      return mayBeFound(word) ? find(word) : NOTHING
    },
    bounds,
    slots,
    roots,
  }

  function grow(parent: Node | undefined, { slot, gap }: Step): Node {
    const id = slots.idOf(slot)
    if (!parent) {
      const root = roots[id] ?? emptyNode()
      roots[id] = root
      return root
    }
    const next = gap === 0 ? parent.next : edgeOf(parent, gap).next
    const node = next.nodes.get(id) ?? emptyNode()
    next.nodes.set(id, node)
    next.bits |= bitOf(id)
    return node
  }
}

function edgeOf(parent: Node, words: number): Node['gaps'][number] {
  const known = parent.gaps.find((edge) => edge.words === words)
  if (known) return known
  const edge = { words, next: { bits: 0, nodes: new Map() } }
  parent.gaps.push(edge)
  return edge
}

const emptyNode = (): Node => ({ terms: [], next: { bits: 0, nodes: new Map() }, gaps: [] })

/** Keeps what was looked up in two generations of `max` words: odd texts can neither fill the memory nor empty it at once. */
function remember(lookUp: (word: string) => WordEntry, max: number): (word: string) => WordEntry {
  let young = new Map<string, WordEntry>()
  let old = new Map<string, WordEntry>()
  return (word) => {
    const known = young.get(word)
    if (known !== undefined) return known
    const entry = old.get(word) ?? lookUp(word)
    if (young.size >= max) {
      old = young
      young = new Map()
    }
    // A slice would keep the whole text that it was cut from in memory.
    young.set(Buffer.from(word).toString(), entry)
    return entry
  }
}
