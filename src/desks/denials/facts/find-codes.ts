import type { CodeType } from './fact.ts'

/** A code with its place, typed by what stands around it. */
export type FoundCode = {
  start: number
  end: number
  type: CodeType
  code: string
  group: string | null
  confidence: number
}

/** Words before a code that say what it is, with how far they reach: to the end of a list of codes. */
const LABELS: readonly { type: CodeType | 'procedure' | 'denial'; label: RegExp }[] = [
  {
    type: 'procedure',
    label:
      /\b(?:CPT(?:\/HCPCS)?|HCPCS|procedure|proc\.?|service|billing|drug|J)[\s-]{0,2}(?:codes?|c[óo]digos?)?\s{0,2}(?:\(s\))?\s{0,2}(?:#|no\.?|:)?/giu,
  },
  { type: 'procedure', label: /\bc[óo]digos?\s{1,2}(?:de\s{1,2})?(?:CPT|HCPCS|procedimiento|servicio)\s{0,2}:?/giu },
  {
    type: 'ICD-10-CM',
    label:
      /\b(?:ICD-?\s?10(?:-CM)?|diagnos[ie]s|dx|c[óo]digos?\s{1,2}de\s{1,2}diagn[óo]stico)[\s-]{0,2}(?:codes?)?\s{0,2}(?:\(s\))?\s{0,2}(?:#|:)?/giu,
  },
  { type: 'ICD-10-PCS', label: /\bICD-?\s?10-PCS\s{0,2}(?:codes?)?\s{0,2}:?/giu },
  { type: 'revenue', label: /\brev(?:enue)?\.?\s{0,2}codes?\s{0,2}(?:#|:)?/giu },
  {
    type: 'CARC',
    label:
      /\b(?:CARC|claim\s+adjustment\s+reason\s+codes?|adjustment\s+reason\s+codes?|reason\s+codes?)\s{0,2}(?:#|:)?/giu,
  },
  { type: 'RARC', label: /\b(?:RARC|remittance\s+advice\s+remark\s+codes?|remark\s+codes?)\s{0,2}(?:#|:)?/giu },
  { type: 'modifier', label: /\bmod(?:ifier)?s?\.?\s{0,2}(?:codes?)?\s{0,2}(?:#|:)?/giu },
  {
    type: 'denial',
    label: /\b(?:denial|c[óo]digo\s+de\s+(?:denegaci[óo]n|negaci[óo]n))\s{0,2}(?:codes?)?\s{0,2}(?:#|:)?/giu,
  },
]

/** How far behind a label codes may stand: `Procedure codes: 99213, 99214 and 73030 (knee)`. */
const LABEL_REACH = 80

const CPT = /(?<![\w.$#/-])(\d{4}[\dTFUM])(?:-(\d{2}|[A-Z]{2}|[A-Z]\d))?(?![\w/]|[.,-]\d)/g
const HCPCS = /(?<![\w.$#/-])([A-CEGHJ-MP-V]\d{4})(?:-(\d{2}|[A-Z]{2}|[A-Z]\d))?(?![\w/]|[.-]\d)/g
/** With the point in its place, three characters before it and one to four behind; or three to seven without where a label says so. */
const ICD_CM = /(?<![\w.$#/-])([A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4})(?![\w])/g
const ICD_CM_BARE = /(?<![\w.$#/-])([A-TV-Z]\d[0-9AB][0-9A-Z]{0,4})(?![\w.])/g
const ICD_PCS = /(?<![\w.$#/-])([0-9A-HJ-NP-Z]{7})(?![\w.-])/g
const CARC = /(?<![\w-])(CO|PR|OA|PI|CR)(?:\s?[-–]\s?|\s|)([1-9]\d{0,2}|[ABPWY]\d{1,2})(?![\w]|[.,]\d)/g
const CARC_BARE = /(?<![\w.$#/-])([1-9]\d{0,2}|[ABPWY]\d{1,2})(?![\w]|[./,-]\d)/g
const RARC = /(?<![\w.$#/-])(MA?\d{1,3}|N\d{1,4})(?![\w]|[.-]\d)/g
const REVENUE = /(?<![\w.$#/-])(0?\d{3})(?![\w]|[.,/-]\d)/g
const MODIFIER = /(?<![\w.$#/-])(\d{2}|[A-Z]{2}|[A-Z]\d)(?![\w]|[.,/-]\d)/g

type Region = { type: (typeof LABELS)[number]['type']; start: number; end: number }

/**
 * Every code of a text. A number is a procedure only behind a word that says so, or in a column under one: ZIPs, telephone and
 * group numbers are not procedures. Shapes that nothing else has (`CO-197`, `M05.79`, `J0135`) speak for themselves, with less
 * confidence where nothing around them does.
 */
export function findCodes(text: string): FoundCode[] {
  const regions = regionsOf(text)
  const found: FoundCode[] = []
  const put = (
    match: RegExpExecArray,
    type: CodeType,
    code: string,
    confidence: number,
    group: string | null = null,
  ) => {
    found.push({
      start: match.index,
      end: match.index + match[0].length,
      type,
      code: code.toUpperCase(),
      group,
      confidence,
    })
  }
  for (const { type, start, end } of regions) {
    const part = text.slice(start, end)
    const each = (pattern: RegExp, then: (match: RegExpExecArray) => void) => {
      for (const match of part.matchAll(pattern)) then(Object.assign(match, { index: match.index + start }))
    }
    if (type === 'procedure') {
      each(CPT, (match) => put(match, 'CPT', match[1] ?? '', 0.98))
      each(HCPCS, (match) => put(match, 'HCPCS', match[1] ?? '', 0.98))
    } else if (type === 'ICD-10-CM') {
      each(ICD_CM, (match) => put(match, 'ICD-10-CM', match[1] ?? '', 0.99))
      each(ICD_CM_BARE, (match) => put(match, 'ICD-10-CM', pointed(match[1] ?? ''), 0.95))
    } else if (type === 'ICD-10-PCS') each(ICD_PCS, (match) => put(match, 'ICD-10-PCS', match[1] ?? '', 0.97))
    else if (type === 'revenue')
      each(REVENUE, (match) => put(match, 'revenue', (match[1] ?? '').padStart(4, '0'), 0.97))
    else if (type === 'CARC') each(CARC_BARE, (match) => put(match, 'CARC', match[1] ?? '', 0.9))
    else if (type === 'RARC') each(RARC, (match) => put(match, 'RARC', match[1] ?? '', 0.98))
    else if (type === 'modifier') each(MODIFIER, (match) => put(match, 'modifier', match[1] ?? '', 0.95))
    else each(RARC, (match) => put(match, 'RARC', match[1] ?? '', 0.9))
  }
  for (const match of text.matchAll(CARC)) put(match, 'CARC', match[2] ?? '', 0.97, match[1] ?? null)
  for (const match of text.matchAll(ICD_CM)) put(match, 'ICD-10-CM', match[1] ?? '', 0.9)
  for (const match of text.matchAll(HCPCS)) put(match, 'HCPCS', match[1] ?? '', isAmongCodes(text, match) ? 0.9 : 0.7)
  for (const match of text.matchAll(/(?<![\w.-])(\d{5})-(\d{2}|[A-Z]{2})(?![\w]|-)/g)) {
    if (isAmongCodes(text, match)) put(match, 'CPT', match[1] ?? '', 0.8)
  }
  return surest(found)
}

/** A code that stands twice at one place has the type that is surest of it. */
function surest(found: readonly FoundCode[]): FoundCode[] {
  const kept: FoundCode[] = []
  const order = found.toSorted(
    (one, other) => one.start - other.start || other.confidence - one.confidence || other.end - one.end,
  )
  for (const code of order) {
    const before = kept.at(-1)
    if (before && code.start < before.end) {
      if (code.confidence > before.confidence) kept[kept.length - 1] = code
    } else kept.push(code)
  }
  return kept
}

const pointed = (code: string) => (code.length > 3 ? `${code.slice(0, 3)}.${code.slice(3)}` : code)

/** Whether the line speaks of codes at all. */
function isAmongCodes(text: string, match: RegExpExecArray): boolean {
  const from = text.lastIndexOf('\n', match.index) + 1
  const until = text.indexOf('\n', match.index)
  return /\b(?:codes?|CPT|HCPCS|procedure|injection|billed|service|modifier|c[óo]digo)\b/i.test(
    text.slice(from, until < 0 ? undefined : until).slice(0, 400),
  )
}

/**
 * Where codes of a kind may stand: from behind a label to the end of its line, to the next label, or as far as a label reaches. A
 * label at the end of a line reaches into the next one.
 */
function regionsOf(text: string): Region[] {
  const labels = LABELS.flatMap(({ type, label }) =>
    [...text.matchAll(label)].map((match) => ({ type, at: match.index, start: match.index + match[0].length })),
  ).toSorted((one, other) => one.at - other.at || other.start - one.start)
  return labels.map(({ type, start }, index) => {
    const next = labels.slice(index + 1, index + 4).find(({ at }) => at >= start)?.at ?? text.length
    const line = text.indexOf('\n', start)
    const rest = line < 0 ? text.slice(start) : text.slice(start, line)
    const ends = rest.trim() === '' && line >= 0 ? endOfLine(text, line + 1) : line < 0 ? text.length : line
    return { type, start, end: Math.min(next, ends, start + LABEL_REACH) }
  })
}

const endOfLine = (text: string, from: number) => {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

const LUHN_PREFIX = 24

/** Whether ten digits are a National Provider Identifier: Luhn's check over them and the prefix 80840 (45 CFR 162.406). */
export function isNpi(digits: string): boolean {
  if (!/^[12]\d{9}$/.test(digits)) return false
  let sum = LUHN_PREFIX
  for (const [index, character] of [...digits].toReversed().entries()) {
    const doubled = Number(character) * (index % 2 === 1 ? 2 : 1)
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}
