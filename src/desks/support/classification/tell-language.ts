import { ALL_LANGUAGES, LANGUAGES, type Language } from './labels.ts'
import type { WordEntry } from './lexicon.ts'

/** Two frequent words, or one and a letter that only this language has. */
const SCORE_MIN = 2
const LEAD_MIN = 1.25
/** A language that is nearly as present is weighed as well: people mix them. */
const SECOND_MIN = 3
const SECOND_SHARE = 0.4
const CHARACTERS_MAX = 6

/** The language of a text, and the languages (bits) whose terms apply to it. When it cannot be told, all do. */
export function tellLanguage(
  entries: readonly WordEntry[],
  specials: string,
  languageCharacters: readonly string[],
): { language: Language | 'unknown'; active: number } {
  const scores = scoresOf(entries)
  if (specials !== '') {
    for (const [place, characters] of languageCharacters.entries()) {
      let found = 0
      for (const character of specials) if (characters.includes(character)) found++
      scores[place] = (scores[place] ?? 0) + Math.min(found, CHARACTERS_MAX)
    }
  }
  const ranked = scores.map((score, place) => ({ score, place })).sort((a, b) => b.score - a.score)
  const [first, second] = ranked
  if (!first || first.score < SCORE_MIN || first.score < (second?.score ?? 0) * LEAD_MIN) {
    return { language: 'unknown', active: ALL_LANGUAGES }
  }
  const present = ranked.filter(
    ({ score, place }) => place === first.place || (score >= SECOND_MIN && score >= first.score * SECOND_SHARE),
  )
  return {
    language: LANGUAGES[first.place] ?? 'unknown',
    active: present.reduce((bits, { place }) => bits | (1 << place), 0),
  }
}

/** A word that is frequent in two languages counts half for each. */
function scoresOf(entries: readonly WordEntry[]): number[] {
  const counts = new Array<number>(ALL_LANGUAGES + 1).fill(0)
  for (const { languages } of entries) counts[languages] = (counts[languages] ?? 0) + 1
  return LANGUAGES.map((_, place) =>
    counts.reduce((sum, count, languages) => {
      const isOf = count > 0 && (languages & (1 << place)) !== 0
      return isOf ? sum + count / bitCount(languages) : sum
    }, 0),
  )
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest > 0; rest &= rest - 1) count++
  return count
}
