import { FIND_STEPS } from './find-terms.ts'
import type { Branches, Lexicon, Node } from './lexicon.ts'
import type { WordClass } from './slots.ts'

/** The most that a word of a text can cost, and a word, beginning or ending of words that costs so much. */
type Heaviest = { most: number; words: readonly WordClass[] }

export type TermWeight = {
  /** Slots that one word can fit. */
  slotsPerWord: Heaviest
  /** Steps that findTerms can take from one word on. */
  stepsPerWord: Heaviest
}

/**
 * What the terms of a lexicon can cost, whatever the text: never less than findTerms counts, where no word fits more slots
 * than its bounds allow. It may be more, as every gap is taken to be followed by the words that cost most. Linear in the
 * nodes of the tree times the words that their slots list.
 */
export function weighTerms({ slots, roots }: Lexicon): TermWeight {
  const classes = [...slots.classes()]
  const classesOf: number[][] = []
  for (const [number, { slots: fitted }] of classes.entries()) {
    for (const slot of fitted) {
      classesOf[slot] ??= []
      classesOf[slot].push(number)
    }
  }
  const slotsPerWord = heaviest(classes, classes.map(({ slots: fitted }) => fitted.length).entries())
  return { slotsPerWord, stepsPerWord: heaviest(classes, sumByClass(roots.entries())) }

  /** What each class of words costs that fits some of these slots. */
  function sumByClass(nodes: Iterable<[number, Node | undefined]>): Map<number, number> {
    const sums = new Map<number, number>()
    for (const [slot, node] of nodes) {
      const cost = node ? costOf(node) : 0
      if (cost === 0) continue
      for (const one of classesOf[slot] ?? []) sums.set(one, (sums.get(one) ?? 0) + cost)
    }
    return sums
  }

  function costOf({ terms, next, gaps }: Node): number {
    let cost = terms.length * FIND_STEPS + costOfStep(next)
    for (const gap of gaps) cost += (gap.words + 1) * costOfStep(gap.next)
    return cost
  }

  /** Looking at a token, trying its slots, and what follows. A word has slots also where terms do not go on. */
  function costOfStep({ nodes }: Branches): number {
    return nodes.size === 0 ? 0 : 1 + slotsPerWord.most + heaviest(classes, sumByClass(nodes)).most
  }
}

/** A word that no term names may begin like one thing and end like another. */
function heaviest(classes: readonly WordClass[], sums: Iterable<[number, number]>): Heaviest {
  const top = { word: none(), beginning: none(), ending: none() }
  for (const [number, sum] of sums) {
    const one = classes[number] as WordClass
    if (sum > top[one.kind].most) top[one.kind] = { most: sum, words: [one] }
  }
  const { word, beginning, ending } = top
  const most = beginning.most + ending.most
  return word.most >= most ? word : { most, words: [...beginning.words, ...ending.words] }
}

const none = (): Heaviest => ({ most: 0, words: [] })
