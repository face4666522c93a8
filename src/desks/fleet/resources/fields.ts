import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'

const isPlain = (text: string) => !/[\p{Cc}\p{Cs}]/u.test(text)

/** A line that people wrote, without control characters. */
export const line = (most: number) =>
  z.string().trim().min(1).max(most).refine(isPlain, 'must not contain control characters')

export const version = z.int().min(1).optional().meta({
  description:
    'The version that the change was made from; another one is refused with who changed it. Without it nothing is checked',
})

/** [from, to) as ISO 8601 with zone; `to` is later, by 400 days at the most. */
export const SPAN_DAYS_MAX = 400
export const span = { from: moment, to: moment }
export const isSpan = ({ from, to }: { from: string; to: string }): boolean => {
  const lasts = Date.parse(to) - Date.parse(from)
  return lasts > 0 && lasts <= SPAN_DAYS_MAX * 86_400_000
}
export const SPAN_MESSAGE = { error: `must be later than from, by ${SPAN_DAYS_MAX} days at the most`, path: ['to'] }

/** Columns that are given, as an assignment for each. */
export const given = <Fields extends Record<string, unknown>>(fields: Fields): [string, unknown][] =>
  Object.entries(fields).filter(([, value]) => value !== undefined)
