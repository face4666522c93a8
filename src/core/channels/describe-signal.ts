import type { Message } from './channel.ts'

const FACTS_MAX = 20
const VALUE_CHARACTERS_MAX = 300
const REASON_CHARACTERS_MAX = 500

// Line breaks among them: in one line of text they would begin another one.
const CONTROL = /\p{Cc}+/gu

/** Cuts a text to so many UTF-16 units, with … for what is left out, and never through the middle of a character. */
export function shorten(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const kept = text.slice(0, charactersMax - 1)
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`
}

/** One line: control characters become blanks. */
export const oneLine = (text: string): string => text.replace(CONTROL, ' ').trim()

/** What a signal knows, as names and values for people; nested things are left to machines. */
export function describeFacts(facts: Record<string, unknown>): [name: string, value: string][] {
  return Object.entries(facts)
    .flatMap(([name, value]): [string, string][] => {
      const values = Array.isArray(value) ? value : [value]
      const shown = values.filter((item) => ['string', 'number', 'boolean'].includes(typeof item)).join(', ')
      return shown === '' ? [] : [[oneLine(name), shorten(oneLine(shown), VALUE_CHARACTERS_MAX)]]
    })
    .slice(0, FACTS_MAX)
}

/** The title in one line; the kind where there is none. */
export const titleOf = ({ title, kind }: Message['signal']): string => oneLine(title) || kind

/** Why a person is needed, in a sentence: the words that made it so, else the title. */
export function reasonOf(signal: Message['signal']): string {
  const { keywords } = signal.facts
  const words = Array.isArray(keywords) ? keywords.filter((word) => typeof word === 'string') : []
  const sentence = words.length === 0 ? titleOf(signal) : `${titleOf(signal)}, because of: ${words.join(', ')}`
  return shorten(oneLine(sentence), REASON_CHARACTERS_MAX)
}

/** The fact as a text; undefined when it is missing or empty. */
export function factText(facts: Record<string, unknown>, name: string): string | undefined {
  const value = facts[name]
  if (typeof value === 'string' && value !== '') return value
  return typeof value === 'number' ? String(value) : undefined
}
