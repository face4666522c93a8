import type { Match } from '../classification/index.ts'

/**
 * A match as a ticket keeps it, a third as long: most of a page of tickets would be matches. The words stand in the
 * ticket, whose text changes only together with its matches.
 */
export type StoredMatch = [
  rule: string,
  dimension: Match['dimension'],
  score: number,
  where: Match['where'],
  from: number,
  to: number,
  negated?: boolean,
  dropped?: Match['dropped'],
]

export function storedMatch({ rule, dimension, score, where, from, to, negated, dropped }: Match): StoredMatch {
  const stored: StoredMatch = [rule, dimension, score, where, from, to]
  if (negated || dropped) stored.push(negated === true)
  if (dropped) stored.push(dropped)
  return stored
}

/** The match in a ticket of this text; as it is when it was stored whole, as they were before. */
export function readStoredMatch(stored: StoredMatch | Match, ticket: { subject: string; message: string }): Match {
  if (!Array.isArray(stored)) return stored
  const [rule, dimension, score, where, from, to, negated, dropped] = stored
  const match: Match = { rule, dimension, score, text: ticket[where].slice(from, to), where, from, to }
  if (negated) match.negated = true
  if (dropped) match.dropped = dropped
  return match
}
