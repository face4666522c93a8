import type { Attributes } from '../../../../core/clocks/index.ts'
import { compileCondition } from './conditions.ts'
import { folded } from './hidden-rules.ts'
import type { Policy, Priority, Tier } from './policy.ts'

/** Keywords further on are not looked for: whoever has something urgent says so at the beginning. */
export const KEYWORD_CHARACTERS = 20_000

/** What a ticket says, for keywords. */
export type TicketWords = { subject: string; message: string }

/** What a ticket gets that comes without them; null where no assignment says. */
export type Assigned = { priority: Priority | null; tier: Tier | null }

/** Chooses priority and tier: of each the first assignment that fits and sets it. Pure; the same question has the same answer. */
export type Assign = (attributes: Attributes, words: TicketWords) => Assigned

export function compileAssignments({ assignments }: Pick<Policy, 'assignments'>): Assign {
  const compiled = assignments.map(({ when: { keyword, ...when }, set }) => ({
    ...{ set, fits: compileCondition(when) },
    keywords: keyword?.map(spaced).filter((words) => words.trim() !== ''),
  }))
  return (attributes, { subject, message }) => {
    let text: string | undefined
    const says = (keywords: readonly string[]) => {
      text ??= spaced(`${subject}\n${message}`.slice(0, KEYWORD_CHARACTERS))
      return keywords.some((words) => text?.includes(words))
    }
    const assigned: Assigned = { priority: null, tier: null }
    for (const { set, fits, keywords } of compiled) {
      const isNews = (set.priority && assigned.priority === null) || (set.tier && assigned.tier === null)
      if (!isNews || !fits(attributes) || (keywords && !says(keywords))) continue
      assigned.priority ??= set.priority ?? null
      assigned.tier ??= set.tier ?? null
    }
    return assigned
  }
}

/** Its words in small letters with one space around each, so that only whole words are found in it. */
const spaced = (text: string): string =>
  ` ${
    folded(text)
      .match(/[\p{L}\p{M}\p{N}]+/gu)
      ?.join(' ') ?? ''
  } `
