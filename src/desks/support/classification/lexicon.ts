import { readTerm, type Slot, type Step } from './term.ts'

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

export type Lexicon = {
  terms: readonly LexiconTerm[]
  find: (word: string) => WordEntry
}

const NOTHING: WordEntry = { slots: [], bits: 0, starts: [], languages: 0 }

/** Words looked up before, in two generations of this size: odd texts can neither fill the memory nor empty it at once. */
const REMEMBERED_MAX = 20_000

/** Compiles terms for matching. Linear in their number; the lists are those of the rule document. */
export function compileLexicon(
  terms: readonly LexiconTerm[],
  lists: Readonly<Record<string, readonly string[]>>,
  frequentWords: ReadonlyMap<string, number>,
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
  const numbers = new Map(FORMS.map((form) => [form, entryOf(slots.ofForm(form), 0)]))
  const find = remember((word) => entryOf(slots.lookUp(word), frequentWords.get(word) ?? 0))
  return {
    terms,
    find: (word) => {
      if (!startsWithDigit(word) || slots.has(word)) return find(word)
      return numbers.get(formOf(word) ?? 'CODE') ?? NOTHING
    },
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

function collectSlots(lists: Readonly<Record<string, readonly string[]>>) {
  const ids = new Map<string, number>()
  const words = new Map<string, number[]>()
  const beginnings = new Map<string, number[]>()
  const endings = new Map<string, number[]>()

  const add = (into: Map<string, number[]>, word: string, id: number) => {
    const known = into.get(word)
    if (!known) into.set(word, [id])
    else if (!known.includes(id)) known.push(id)
  }

  const fill = (slot: Slot, id: number): void => {
    for (const word of slot.words) add(words, word, id)
    for (const word of slot.beginnings) add(beginnings, word, id)
    for (const word of slot.endings) add(endings, word, id)
    for (const list of slot.lists) {
      for (const member of lists[list] ?? []) for (const step of readTerm(member).steps) fill(step.slot, id)
      // Told by how they are written, see formOf.
      if (isForm(list)) add(words, list, id)
    }
  }

  return {
    idOf(slot: Slot): number {
      const key = slotKey(slot)
      const known = ids.get(key)
      if (known !== undefined) return known
      const id = ids.size
      ids.set(key, id)
      fill(slot, id)
      return id
    },

    has: (word: string): boolean => words.has(word),

    ofForm: (form: Form): number[] => words.get(form) ?? [],

    lookUp(word: string): number[] {
      const found = new Set(words.get(word))
      for (let length = 3; length <= word.length; length++) {
        for (const id of beginnings.get(word.slice(0, length)) ?? []) found.add(id)
        for (const id of endings.get(word.slice(-length)) ?? []) found.add(id)
      }
      for (const id of words.get(formOf(word) ?? '') ?? []) found.add(id)
      return [...found]
    },
  }
}

/** Equal for equal slots. Most are one plain word, for which itself will do: no JSON begins with a letter. */
const slotKey = (slot: Slot): string => {
  const { words, beginnings, endings, lists } = slot
  const isOneWord = words.length === 1 && beginnings.length + endings.length + lists.length === 0
  return isOneWord ? (words[0] ?? '') : JSON.stringify(slot)
}

const FORMS = ['NUMBER', 'TIME', 'CODE'] as const
type Form = (typeof FORMS)[number]

/** Lists that no document has to spell out. */
export const isForm = (list: string): boolean => FORMS.some((form) => form === list)

/** `TIME`: 14:30, 8pm, 14h30. `NUMBER`: 3, 1.280,50. `CODE`: what begins like a number and is none, or is too long for one. */
function formOf(word: string): Form | undefined {
  if (!startsWithDigit(word)) return undefined
  if (/^\d{1,2}(?::\d\d|h(?:\d\d)?|am|pm|uhr)$/.test(word)) return 'TIME'
  if (/^\d{4,}$/.test(word)) return /^(?:19|20)\d\d$/.test(word) ? 'NUMBER' : 'CODE'
  return /^[\d.,:]+$/.test(word) ? 'NUMBER' : 'CODE'
}

const startsWithDigit = (word: string) => word.charCodeAt(0) >= 0x30 && word.charCodeAt(0) <= 0x39

function remember(lookUp: (word: string) => WordEntry): (word: string) => WordEntry {
  let young = new Map<string, WordEntry>()
  let old = new Map<string, WordEntry>()
  return (word) => {
    const known = young.get(word)
    if (known !== undefined) return known
    const entry = old.get(word) ?? lookUp(word)
    if (young.size >= REMEMBERED_MAX) {
      old = young
      young = new Map()
    }
    // A slice would keep the whole text that it was cut from in memory.
    young.set(Buffer.from(word).toString(), entry)
    return entry
  }
}
