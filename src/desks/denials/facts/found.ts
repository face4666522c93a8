import type { Field } from './fact.ts'

/** What a rule found, before it is weighed against others for the same field. Offsets count in the text of the reading. */
export type Found = {
  field: Field
  value: string
  normalised: string
  start: number
  end: number
  method: 'rule' | 'table'
  /** Each 0 to 1, named after what it looks at; their product is the confidence. */
  signs: Readonly<Record<string, number>>
}

/** The part of a text on the line before a place, at most `reach` characters. */
export function before(text: string, at: number, reach = 80): string {
  const line = text.lastIndexOf('\n', at - 1) + 1
  return text.slice(Math.max(line, at - reach), at)
}

/** As `before`, and the end of the line above where the line is a continuation. */
export function beforeInSentence(text: string, at: number, reach = 120): string {
  const part = text.slice(Math.max(0, at - reach), at)
  const cut = Math.max(part.lastIndexOf('\n\n'), part.search(/\n(?=[^\n:]{2,40}:[^\n]*$)/))
  return (cut < 0 ? part : part.slice(cut)).replace(/\n/g, ' ')
}
