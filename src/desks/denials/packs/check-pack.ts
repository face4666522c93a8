import { DEADLINE_RULES } from '../deadlines/index.ts'
import { findDates } from '../facts/index.ts'
import type { PackSource } from './write-pack.ts'

/** What keeps a document from being sent, at its place. */
export type Finding = {
  document: string
  /** Characters `[start, end)` of the document. */
  start: number
  end: number
  text: string
  sentence: string
  kind: 'date' | 'amount' | 'code' | 'identifier' | 'telephone' | 'name' | 'blank'
  why: string
}

/** Of one document: one is enough to block it. */
const FINDINGS_MAX = 500

const AMOUNT = /\$\s?(\d{1,3}(?:,\d{3})+(?:\.\d{2})?|\d+(?:\.\d{2})?)/g
const TELEPHONE = /(?<![\w-])\(?(\d{3})\)?[\s.-]?(\d{3})[\s.-](\d{4})(?![\w-])/g
const CODE =
  /(?<![\w.$-])(\d{4}[\dTFUM]|[A-CEGHJ-MP-V]\d{4}|[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}|(?:CO|PR|OA|PI|CR)-\d{1,3})(?![\w]|[.,-]\d)/g
const IDENTIFIER = /(?<![\w.$/-])(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{6,24}(?![\w/-])/g
const NAME = /\b(?:Dr|Mr|Mrs|Ms|Dra|Prof)\.?\s+([A-Z][\p{L}'-]+(?:\s+[A-Z][\p{L}'-]+){0,3})/gu
const BLANK = /\[Fill in: [^\]\n]{1,200}\]/g

/**
 * What stands in the documents of a case and in none of its papers: every date, amount, code, identifier, telephone number and name has to
 * trace to a fact, a deadline that was computed from facts, or the day it was written. And what is still to be filled in.
 */
export function checkPack(documents: Readonly<Record<string, string>>, source: PackSource): Finding[] {
  const known = knownOf(source)
  return Object.entries(documents).flatMap(([document, text]) => {
    const at = (kind: Finding['kind'], start: number, end: number, why: string): Finding => ({
      ...{ document, start, end, text: text.slice(start, end), sentence: sentenceOf(text, start), kind, why },
    })
    let reach = 0
    const whole = (match: RegExpMatchArray) => [match.index ?? 0, (match.index ?? 0) + match[0].length] as const
    const not = (kind: Finding['kind'], pattern: RegExp, isKnown: (match: RegExpMatchArray) => boolean, why: string) =>
      [...text.matchAll(pattern)].filter((match) => !isKnown(match)).map((match) => at(kind, ...whole(match), why))
    return [
      ...findDates(text)
        .filter(({ date, until }) => !known.dates.has(date) || (until !== null && !known.dates.has(until)))
        .map(({ start, end }) =>
          at('date', start, end, 'No paper of the case has this date, and none was computed from one.'),
        ),
      ...not(
        'amount',
        AMOUNT,
        ([, amount = '']) => known.amounts.has(Number(amount.replaceAll(',', '')).toFixed(2)),
        'No paper of the case has this amount.',
      ),
      ...not(
        'telephone',
        TELEPHONE,
        ([, a, b, c]) => known.text.includes(`${a}${b}${c}`),
        'No paper of the case has this number.',
      ),
      ...not(
        'code',
        CODE,
        ([, code = '']) => known.codes.has(code.replace(/^[A-Z]{2}-/, '')) || known.codes.has(code),
        'No paper of the case has this code.',
      ),
      ...not(
        'identifier',
        IDENTIFIER,
        ([id]) => known.text.includes(id.replace(/\W/g, '').toLowerCase()),
        'No paper of the case has this number.',
      ),
      ...not(
        'name',
        NAME,
        ([, name = '']) => known.text.includes(name.replace(/\W/g, '').toLowerCase()),
        'No paper of the case has this name.',
      ),
      ...not('blank', BLANK, () => false, 'This is still to be filled in.'),
    ]
      .toSorted((one, other) => one.start - other.start)
      .filter(({ start, end }) => {
        const isFree = start >= reach
        reach = Math.max(reach, end)
        return isFree
      })
      .slice(0, FINDINGS_MAX)
  })
}

type Known = { dates: Set<string>; amounts: Set<string>; codes: Set<string>; text: string }

function knownOf({ facts, deadlines, today, plan }: PackSource): Known {
  const values = [
    ...facts.facts.map(({ value, normalised }) => `${value} ${normalised}`),
    ...facts.codes.map(({ code }) => code),
  ]
  const inFacts = facts.facts.flatMap(({ value }) =>
    findDates(value).flatMap(({ date, until }) => (until ? [date, until] : [date])),
  )
  const computed = deadlines.flatMap(({ date, rolled, ifReceivedLater, alternatives }) => [
    ...[date, rolled, ...(ifReceivedLater ? [ifReceivedLater] : [])],
    ...alternatives.flatMap((each) => [each.date, each.rolled]),
  ])
  const steps = plan.steps.flatMap(({ deadline }) => deadline ?? [])
  const isDate = (value: string) => /^\d{4}-\d{2}-\d{2}$/.test(value)
  // What is the same for every case: citations of rules, names of forms.
  const own = [
    ...DEADLINE_RULES.map(({ citation }) => citation),
    ...plan.evidence_checklist.map(({ item }) => item),
    ...plan.steps.map(({ description }) => description),
  ].join(' ')
  return {
    dates: new Set([
      ...facts.facts.map(({ normalised }) => normalised).filter(isDate),
      ...inFacts,
      ...computed,
      ...steps,
      today,
    ]),
    amounts: new Set([
      ...facts.facts.filter(({ field }) => field.startsWith('amounts.')).map(({ normalised }) => normalised),
      ...facts.facts.flatMap(({ value }) => amountsIn(value)),
    ]),
    codes: new Set([
      ...facts.codes.map(({ code }) => code),
      ...[own, ...facts.facts.map(({ value }) => value)].flatMap((value) =>
        [...value.matchAll(CODE)].map(([, code = '']) => code),
      ),
    ]),
    text: `${values.join(' ')} ${own}`.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase(),
  }
}

const amountsIn = (text: string) =>
  [...text.matchAll(AMOUNT)].map(([, amount = '']) => Number(amount.replaceAll(',', '')).toFixed(2))

function sentenceOf(text: string, at: number): string {
  const start = Math.max(text.lastIndexOf('\n', at), text.lastIndexOf('. ', at) + 1) + 1
  const ends = [text.indexOf('\n', at), text.indexOf('. ', at)].filter((end) => end >= 0)
  return text
    .slice(start, ends.length > 0 ? Math.min(...ends) + 1 : undefined)
    .trim()
    .slice(0, 500)
}
