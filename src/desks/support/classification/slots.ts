import { readTerm, type Slot, STEM_LENGTH_MIN } from './term.ts'

export type Slots = ReturnType<typeof collectSlots>

/** A word that terms name, or the beginning or ending of words, and the slots that it fits. */
export type WordClass = { kind: 'word' | 'beginning' | 'ending'; word: string; slots: readonly number[] }

/** Numbers the slots of terms, and tells which of them a word fits. `lists` are those of the rule document. */
export function collectSlots(lists: Readonly<Record<string, readonly string[]>>) {
  const ids = new Map<string, number>()
  const words = new Map<string, number[]>()
  const beginnings = new Map<string, number[]>()
  const endings = new Map<string, number[]>()
  /** Their first and last letters: few words have any of them, and only those are looked up at each of their lengths. */
  const stems = { first: new Set<string>(), last: new Set<string>() }

  const fill = (slot: Slot, id: number): void => {
    for (const word of slot.words) add(words, word, id)
    for (const word of slot.beginnings) {
      add(beginnings, word, id)
      stems.first.add(word.slice(0, STEM_LENGTH_MIN))
    }
    for (const word of slot.endings) {
      add(endings, word, id)
      stems.last.add(word.slice(-STEM_LENGTH_MIN))
    }
    for (const list of slot.lists) {
      for (const member of lists[list] ?? []) for (const step of readTerm(member).steps) fill(step.slot, id)
      // Told by how they are written, see formOf.
      if (isForm(list)) add(words, list, id)
    }
  }

  const beginsLike = (word: string) => stems.first.has(word.slice(0, STEM_LENGTH_MIN))
  const endsLike = (word: string) => stems.last.has(word.slice(-STEM_LENGTH_MIN))

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

    /** False for most of the words that fit no slot, and cheap. */
    mayFit: (word: string): boolean => words.has(word) || startsWithDigit(word) || beginsLike(word) || endsLike(word),

    /** The slots that a word fits, `max` at most: the first ones. */
    lookUp(word: string, max: number): number[] {
      const found = new Set<number>()
      const take = (fitting: readonly number[] = []) => {
        for (const id of fitting) if (found.size < max) found.add(id)
      }
      take(words.get(word))
      if (beginsLike(word) || endsLike(word)) {
        for (let length = STEM_LENGTH_MIN; length <= word.length; length++) {
          take(beginnings.get(word.slice(0, length)))
          take(endings.get(word.slice(-length)))
        }
      }
      take(words.get(formOf(word) ?? ''))
      return [...found]
    },

    /**
     * What words of a text can fit: all that one of the words does that terms name, or else what one of the beginnings does,
     * the shorter ones in it included, and what one of the endings does.
     */
    *classes(): Generator<WordClass> {
      const union = (pieces: readonly string[], of: Map<string, number[]>) => [
        ...new Set(pieces.flatMap((piece) => of.get(piece) ?? [])),
      ]
      for (const word of words.keys()) {
        yield { kind: 'word', word, slots: this.lookUp(word, Number.POSITIVE_INFINITY) }
      }
      for (const word of beginnings.keys()) {
        const pieces = Array.from(word, (_, place) => word.slice(0, place + 1))
        yield { kind: 'beginning', word, slots: union(pieces, beginnings) }
      }
      for (const word of endings.keys()) {
        const pieces = Array.from(word, (_, place) => word.slice(place))
        yield { kind: 'ending', word, slots: union(pieces, endings) }
      }
    },
  }
}

/** Equal for equal slots. Most are one plain word, for which itself will do: no JSON begins with a letter. */
export const slotKey = (slot: Slot): string => {
  const { words, beginnings, endings, lists } = slot
  const isOneWord = words.length === 1 && beginnings.length + endings.length + lists.length === 0
  return isOneWord ? (words[0] ?? '') : JSON.stringify(slot)
}

/** Slots are filled in the order of their numbers: whether one was added already shows at the end of the list. */
function add(into: Map<string, number[]>, word: string, id: number): void {
  const known = into.get(word)
  if (!known) into.set(word, [id])
  else if (known.at(-1) !== id) known.push(id)
}

export const FORMS = ['NUMBER', 'TIME', 'CODE'] as const
export type Form = (typeof FORMS)[number]

/** Lists that no document has to spell out. */
export const isForm = (list: string): list is Form => FORMS.some((form) => form === list)

/** `TIME`: 14:30, 8pm, 14h30. `NUMBER`: 3, 1.280,50. `CODE`: what begins like a number and is none, or is too long for one. */
export function formOf(word: string): Form | undefined {
  if (!startsWithDigit(word)) return undefined
  if (/^\d{1,2}(?::\d\d|h(?:\d\d)?|am|pm|uhr)$/.test(word)) return 'TIME'
  if (/^\d{4,}$/.test(word)) return /^(?:19|20)\d\d$/.test(word) ? 'NUMBER' : 'CODE'
  return /^[\d.,:]+$/.test(word) ? 'NUMBER' : 'CODE'
}

export const startsWithDigit = (word: string) => word.charCodeAt(0) >= 0x30 && word.charCodeAt(0) <= 0x39
