import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { invalid } from './problem.ts'

/**
 * Refuses with 422 what PostgreSQL cannot keep as it is: the character NUL, which ends a statement with an error, and
 * halves of surrogate pairs, which the driver would silently replace.
 */
export async function refuseUnstorableText({ params, query, body }: FastifyRequest): Promise<void> {
  // A stream is not text yet; whoever reads it looks at what it holds.
  const texts = { path: params, query, ...(body instanceof Readable ? {} : { body }) }
  for (const [where, value] of Object.entries(texts)) {
    const field = findUnstorableText(value)
    if (field !== null) {
      throw invalid([{ in: where, field, message: 'must be well-formed Unicode without the character NUL' }])
    }
  }
}

/** Where in `value` there is such a text, e.g. `tags.0`; null when there is none. */
export function findUnstorableText(value: unknown, path: readonly string[] = []): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : path.join('.').slice(0, 200) || '(whole)'
  if (typeof value !== 'object' || value === null) return null
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name)) return [...path, '(name)'].join('.')
    const found = findUnstorableText(member, [...path, name])
    if (found !== null) return found
  }
  return null
}

const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()
