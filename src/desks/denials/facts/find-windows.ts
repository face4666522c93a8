import { NUMBER_WORD, numberOfWords } from './number-words.ts'

/** `N days of X` in a text, with what it counts from where the same sentence says so. */
export type FoundWindow = {
  start: number
  end: number
  count: number
  unit: 'hours' | 'days' | 'business_days' | 'months' | 'years'
  /** The sentence it stands in. */
  sentence: string
  sentenceStart: number
}

const WORDS = `(?:(?:${NUMBER_WORD})(?:[\\s-]{1,3}(?:and\\s{1,3}|y\\s{1,3})?)?){1,4}`
const UNIT =
  '(business days?|working days?|calendar days?|d[ií]as (?:h[áa]biles|laborables)|d[ií]as (?:calendario|naturales|corridos)|days?|d[ií]as?|months?|mes(?:es)?|years?|a[ñn]os?|hours?|horas?)'
/** `180 days`, `one hundred eighty (180) calendar days`, `180-day`, `sixty days`. */
const WINDOW = new RegExp(
  `(?<![\\d$.,/#-])\\b(?:(${WORDS})\\s{0,3}\\(\\s{0,2}(\\d{1,3})\\s{0,2}\\)|(\\d{1,3})|(${WORDS}))[\\s-]{1,3}${UNIT}\\b`,
  'giu',
)

/** Every time that a text gives as so many hours, days, months or years. */
export function findWindows(text: string): FoundWindow[] {
  return [...text.matchAll(WINDOW)].flatMap((match): FoundWindow[] => {
    const [whole, , inBrackets, digits, words, unit = ''] = match
    const count = Number(inBrackets ?? digits ?? numberOfWords(words ?? '') ?? Number.NaN)
    if (!(count > 0)) return []
    const { start, sentence } = sentenceAround(text, match.index)
    return [
      {
        start: match.index,
        end: match.index + whole.length,
        count,
        unit: unitOf(unit),
        sentence,
        sentenceStart: start,
      },
    ]
  })
}

function unitOf(word: string): FoundWindow['unit'] {
  const unit = word.toLowerCase()
  if (/^(business|working)|h[áa]biles|laborables/.test(unit)) return 'business_days'
  if (/^(month|mes)/.test(unit)) return 'months'
  if (/^(year|a[ñn]o)/.test(unit)) return 'years'
  if (/^(hour|hora)/.test(unit)) return 'hours'
  return 'days'
}

const SENTENCE_CHARACTERS_MAX = 600

/** The sentence around a place: a full stop before a capital, a blank line or a bullet ends one; a line that goes on does not. */
export function sentenceAround(text: string, at: number): { start: number; sentence: string } {
  const from = Math.max(0, at - SENTENCE_CHARACTERS_MAX)
  const before = text.slice(from, at)
  const after = text.slice(at, at + SENTENCE_CHARACTERS_MAX)
  const cuts = [...before.matchAll(END)]
  const last = cuts.at(-1)
  const start = last ? from + last.index + last[0].length : from
  const end = at + (new RegExp(END.source, 'u').exec(after)?.index ?? after.length)
  return { start, sentence: text.slice(start, end).trim() }
}

const END =
  /(?<!\b(?:Dr|Mr|Mrs|Ms|No|St|Inc|vs|P\.O|U\.S|e\.g|i\.e|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))[.!?](?=\s+["'(]?[A-ZÁÉÍÓÚÑ¿¡0-9])|\n\s*\n|\n(?=\s*(?:[-•*▪·]|\d{1,2}[.)])\s)|\n(?=[^\n:]{2,40}:\s)/gu
