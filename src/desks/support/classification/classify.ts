import { addScores, type Contribution, type Scores } from './add-scores.ts'
import type { CompiledRules } from './compile-rules.ts'
import { cutOwnWords } from './cut-own-words.ts'
import { findTerms } from './find-terms.ts'
import { foldText } from './fold.ts'
import type { Dimension, Language, Sentiment, Urgency } from './labels.ts'
import type { Lexicon, WordEntry } from './lexicon.ts'
import { tellLanguage } from './tell-language.ts'
import { type Range, tokenise } from './tokenise.ts'
import { noTokens, type Tokens } from './tokens.ts'
import { type Dropped, type Occurrence, weighContext } from './weigh-context.ts'

export type Match = {
  rule: string
  dimension: Dimension
  /** What it added; 0 when it stands in the text and does not count. */
  score: number
  /** The words as they stand in the text; the whole rule is about the text when empty (a mark such as shouting). */
  text: string
  where: 'subject' | 'message'
  /** Offsets in UTF-16 code units: `message.slice(from, to) === text`. */
  from: number
  to: number
  negated?: true
  dropped?: Dropped
}

export type Classification = {
  urgency: Urgency
  sentiment: Sentiment
  requires_action: boolean
  language: Language | 'unknown'
  rule_version: string
  scores: Scores
  matches: Match[]
  /** The text took all the work that terms may make of one: what they would find further on is missing. */
  incomplete?: true
}

export type TicketText = { subject: string; message: string }

/**
 * Of longer texts this much of the beginning and the end is weighed: mails grow by quotes and attachments pasted in,
 * and what the writer wants stands before or after them. Bounds the time for any text.
 */
export const HEAD_CHARACTERS = 96_000
export const TAIL_CHARACTERS = 32_000
export const MATCHES_MAX = 40
const LINE_MAX = 2_000

const SHOUTED_WORDS_MIN = 3
const SHOUTED_SHARE = 0.5
/** One capital word in a short line ("URGENT") is as loud. */
const RUNS_MIN = 1

/**
 * Decides urgency, sentiment and whether somebody must act, and says why. Pure: the same rules and text give the same
 * answer. Linear in the text up to HEAD_CHARACTERS + TAIL_CHARACTERS, constant beyond; never throws, whatever the text.
 */
export function classify(rules: CompiledRules, { subject, message }: TicketText): Classification {
  const tokens = noTokens()
  const beginning = foldText(subject.slice(0, 20)).trimStart()
  const isAnswer = rules.replyPrefixes.some((prefix) => beginning.startsWith(prefix))
  tokenise(subject, windowsOf(subject), tokens)
  const subjectTokens = tokens.words.length
  const { own, forwarded } = cutOwnWords(message, windowsOf(message), rules.cut)
  tokenise(message, own, tokens)
  // Handed on without a word of one's own: then what was handed on is the request.
  if (tokens.words.length === subjectTokens) tokenise(message, forwarded, tokens)

  const entries = rules.lexicons.map((lexicon) => lookUp(tokens.words, lexicon))
  const { language, active } = tellLanguage(entries[0] ?? [], tokens.specials, rules.languageCharacters)
  const found = rules.lexicons.map((lexicon, number) =>
    findTerms(lexicon, number, entries[number] ?? [], tokens.breaks, active),
  )
  const finds = found.flatMap((of) => of.finds)
  const occurrences = weighContext(rules, finds, tokens)
  const hasOwnMessage = tokens.words.length > subjectTokens
  const { scores, contributions } =
    tokens.words.length === 0
      ? { scores: { urgency: 0, sentiment: 0, action: 0 }, contributions: [] }
      : addScores(rules, {
          occurrences,
          marks: marksOf(rules, tokens),
          subjectTokens,
          isAnswer: isAnswer && hasOwnMessage,
        })

  const urgency = urgencyOf(rules, scores.urgency)
  return {
    urgency,
    sentiment: sentimentOf(rules, scores.sentiment),
    requires_action:
      urgency === 'high' || (tokens.words.length > 0 && scores.action >= rules.settings.thresholds.action),
    language,
    rule_version: rules.version,
    scores,
    matches: explain(rules, contributions, occurrences, { subject, message }, { tokens, subjectTokens }),
    ...(found.some(({ isCut }) => isCut) ? { incomplete: true } : {}),
  }
}

function lookUp(words: readonly string[], { find }: Lexicon): WordEntry[] {
  const entries: WordEntry[] = []
  for (const word of words) entries.push(find(word))
  return entries
}

function windowsOf(text: string): Range[] {
  if (text.length <= HEAD_CHARACTERS + TAIL_CHARACTERS) return [{ from: 0, to: text.length }]
  return [
    { from: 0, to: HEAD_CHARACTERS },
    { from: beginningOfLine(text, text.length - TAIL_CHARACTERS), to: text.length },
  ]
}

/** The mark of a quote stands at the beginning of its line: without it the tail would begin with somebody's own words. */
function beginningOfLine(text: string, place: number): number {
  const lineBreak = text.indexOf('\n', place)
  return lineBreak < 0 || lineBreak > place + LINE_MAX ? place : lineBreak + 1
}

function marksOf({ marks }: CompiledRules, tokens: Tokens): number[] {
  const { longWords, shoutedWords, questionMarks, markRuns } = tokens
  const shown: number[] = []
  if (questionMarks > 0) shown.push(marks.question)
  if (markRuns >= RUNS_MIN) shown.push(marks.exclamations)
  if (shoutedWords >= SHOUTED_WORDS_MIN && shoutedWords >= longWords * SHOUTED_SHARE) shown.push(marks.shouting)
  return shown
}

function urgencyOf({ settings }: CompiledRules, score: number): Urgency {
  if (score >= settings.thresholds.urgency.high) return 'high'
  return score >= settings.thresholds.urgency.medium ? 'medium' : 'low'
}

function sentimentOf({ settings }: CompiledRules, score: number): Sentiment {
  if (score <= settings.thresholds.sentiment.negative) return 'negative'
  return score >= settings.thresholds.sentiment.positive ? 'positive' : 'neutral'
}

type Place = { tokens: Tokens; subjectTokens: number }

/** The heaviest matches in the order of the text, then what stands there and did not count, MATCHES_MAX in all. */
function explain(
  rules: CompiledRules,
  contributions: readonly Contribution[],
  occurrences: readonly Occurrence[],
  texts: TicketText,
  place: Place,
): Match[] {
  const matches = contributions.map((contribution) => matchOf(contribution, texts, place))
  if (matches.length > MATCHES_MAX) {
    matches.sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
    matches.length = MATCHES_MAX
  }
  for (const by of occurrences) {
    if (matches.length >= MATCHES_MAX) break
    const weights = by.dropped && rules.concepts[by.concept]?.weights
    if (!weights) continue
    const dimension = weights.urgency ? 'urgency' : weights.sentiment ? 'sentiment' : 'action'
    const rule = rules.concepts[by.concept]?.name ?? ''
    matches.push(matchOf({ rule, dimension, score: 0, by }, texts, place))
  }
  return matches.sort((a, b) => (a.where === b.where ? a.from - b.from : a.where === 'subject' ? -1 : 1))
}

function matchOf(
  { rule, dimension, score, by }: Contribution,
  texts: TicketText,
  { tokens, subjectTokens }: Place,
): Match {
  const rounded = Math.round(score * 100) / 100
  if (!by) return { rule, dimension, score: rounded, text: '', where: 'message', from: 0, to: 0 }
  const where = by.start < subjectTokens ? 'subject' : 'message'
  const from = tokens.from[by.start] ?? 0
  const to = tokens.to[by.end - 1] ?? from
  const match: Match = { rule, dimension, score: rounded, text: texts[where].slice(from, to), where, from, to }
  if (by.isNegated) match.negated = true
  if (by.dropped) match.dropped = by.dropped
  return match
}
