import { z } from 'zod'
import type { Labels } from './baselines.ts'

export type Sample = {
  id: string
  language: string
  subject: string
  message: string
  labels: Labels
  hard: boolean
}

const line = z.object({
  id: z.string(),
  language: z.enum(['en', 'de', 'es', 'fr']),
  subject: z.string(),
  body: z.string(),
  urgency: z.enum(['low', 'medium', 'high']),
  sentiment: z.enum(['negative', 'neutral', 'positive']),
  requires_action: z.boolean(),
  hard: z.boolean().default(false),
})

/** One JSON object a line; what they mean stands in LABELS.md. */
export function readSplit(text: string): Sample[] {
  return text
    .split('\n')
    .filter((row) => row.trim() !== '')
    .map((row) => {
      const { id, language, subject, body, urgency, sentiment, requires_action, hard } = line.parse(JSON.parse(row))
      const labels = { urgency, sentiment, requires_action: String(requires_action) }
      return { id, language, subject, message: body, labels, hard }
    })
}

/** Rows of `id,text,label`, quoted as RFC 4180 has it. */
export function readCsv(text: string): { text: string; label: string }[] {
  const rows: string[][] = [[]]
  for (const match of text.matchAll(/("(?:[^"]|"")*"|[^",\n]*)(,|\r?\n|$)/g)) {
    const [whole, cell = '', end = ''] = match
    if (whole === '') break
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell.replace(/\r$/, ''))
    if (end !== ',' && end !== '') rows.push([])
  }
  const [head = [], ...body] = rows.filter((row) => row.length > 1)
  const [textColumn, labelColumn] = [head.indexOf('text'), head.indexOf('label')]
  if (textColumn < 0 || labelColumn < 0)
    throw new Error('The file has no columns "text" and "label" in its first line.')
  return body.map((row) => ({ text: row[textColumn] ?? '', label: row[labelColumn] ?? '' }))
}
