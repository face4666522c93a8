import type { Combination, CompiledRules } from './compile-rules.ts'
import { DIMENSIONS, type Dimension } from './labels.ts'
import type { Weights } from './rule-document.ts'
import type { Occurrence } from './weigh-context.ts'

export type Scores = Record<Dimension, number>

/** What one rule gave to one dimension, and by which occurrence (undefined for marks, which stand nowhere). */
export type Contribution = { rule: string; dimension: Dimension; score: number; by: Occurrence | undefined }

/** Further words of the same mood add half of the first one's weight, the third no more than the second. */
const REPEATED_SHARE = 0.5
const REPEATED_MAX = 2
/** The subject of an answer is somebody's earlier words. */
const ANSWERED_SUBJECT_SHARE = 0.5

type Evidence = {
  occurrences: readonly Occurrence[]
  /** Numbers of the marks that the text shows. */
  marks: readonly number[]
  subjectTokens: number
  isAnswer: boolean
}

/** Adds up what each rule gives. Of one group only the heaviest rule counts; a rule counts once, moods a little more. */
export function addScores(rules: CompiledRules, evidence: Evidence): { scores: Scores; contributions: Contribution[] } {
  const contributions = [...conceptContributions(rules, evidence), ...combinationContributions(rules, evidence)]
  const { start } = rules.settings
  const scores: Scores = { urgency: start.urgency ?? 0, sentiment: start.sentiment ?? 0, action: start.action ?? 0 }
  for (const { dimension, score } of contributions) scores[dimension] += score
  for (const dimension of DIMENSIONS) scores[dimension] = Math.round(scores[dimension] * 100) / 100
  return { scores, contributions }
}

type Sum = { count: number; intensity: number; by: Occurrence | undefined; share: number }

function conceptContributions(rules: CompiledRules, evidence: Evidence): Contribution[] {
  const sums = new Map<number, Sum>(
    evidence.marks.map((mark) => [mark, { count: 1, intensity: 1, by: undefined, share: 1 }]),
  )
  for (const occurrence of evidence.occurrences) {
    if (occurrence.dropped) continue
    const share = evidence.isAnswer && occurrence.start < evidence.subjectTokens ? ANSWERED_SUBJECT_SHARE : 1
    const sum = sums.get(occurrence.concept)
    const intensity = occurrence.isIntensified ? rules.settings.intensified : 1
    if (!sum) sums.set(occurrence.concept, { count: 1, intensity, by: occurrence, share })
    else {
      sum.count++
      sum.intensity = Math.max(sum.intensity, intensity)
      if (share > sum.share) Object.assign(sum, { share, by: occurrence })
    }
  }
  const grouped = new Map<string, { contribution: Contribution; group: string }>()
  const contributions: Contribution[] = []
  for (const [number, { count, intensity, by, share }] of sums) {
    const concept = rules.concepts[number]
    if (!concept || concept.isOff) continue
    for (const dimension of DIMENSIONS) {
      const weight = concept.weights[dimension] ?? 0
      if (weight === 0) continue
      const repeated =
        dimension === 'sentiment' ? Math.min(1 + (count - 1) * REPEATED_SHARE, REPEATED_MAX) * intensity : 1
      const contribution = { rule: concept.name, dimension, score: weight * share * repeated, by }
      const key = concept.group && dimension === 'urgency' ? concept.group : undefined
      if (key === undefined) contributions.push(contribution)
      else if (contribution.score > (grouped.get(key)?.contribution.score ?? Number.NEGATIVE_INFINITY)) {
        grouped.set(key, { contribution, group: key })
      }
    }
  }
  return [...contributions, ...Array.from(grouped.values(), ({ contribution }) => contribution)]
}

function combinationContributions(rules: CompiledRules, { occurrences, marks }: Evidence): Contribution[] {
  const present = new Map<number, Occurrence | undefined>(marks.map((mark) => [mark, undefined]))
  for (const occurrence of occurrences) {
    if (!occurrence.dropped && !present.has(occurrence.concept)) present.set(occurrence.concept, occurrence)
  }
  return rules.combinations.flatMap((combination) => {
    if (!isPresent(combination, present)) return []
    const by =
      combination.within === 'sentence' ? firstInOneSentence(combination, occurrences) : firstOf(combination, present)
    if (by === 'nowhere') return []
    return contributionsOf(combination, by)
  })
}

function isPresent({ all, any, none }: Combination, present: ReadonlyMap<number, unknown>): boolean {
  return (
    all.every((one) => present.has(one)) &&
    (any.length === 0 || any.some((one) => present.has(one))) &&
    !none.some((one) => present.has(one))
  )
}

const firstOf = ({ all }: Combination, present: ReadonlyMap<number, Occurrence | undefined>) =>
  all.map((one) => present.get(one)).find((one) => one !== undefined)

function firstInOneSentence(combination: Combination, occurrences: readonly Occurrence[]): Occurrence | 'nowhere' {
  const sentences = new Map<number, Map<number, Occurrence>>()
  for (const occurrence of occurrences) {
    if (occurrence.dropped) continue
    const here = sentences.get(occurrence.sentence) ?? new Map<number, Occurrence>()
    if (!here.has(occurrence.concept)) here.set(occurrence.concept, occurrence)
    sentences.set(occurrence.sentence, here)
  }
  for (const here of sentences.values()) {
    if (isPresent(combination, here)) return here.get(combination.all[0] ?? -1) ?? 'nowhere'
  }
  return 'nowhere'
}

const contributionsOf = (
  { name, weights }: { name: string; weights: Weights },
  by: Occurrence | undefined,
): Contribution[] =>
  DIMENSIONS.flatMap((dimension) => {
    const score = weights[dimension] ?? 0
    return score === 0 ? [] : [{ rule: name, dimension, score, by }]
  })
