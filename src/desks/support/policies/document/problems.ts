import type { z } from 'zod'
import type { PolicyProblem } from './policy.ts'

/** What a schema found, by path; an unknown key is its own path. */
export function problemsOf(issue: z.core.$ZodIssue, path: string): PolicyProblem[] {
  const at = joined(path, ...issue.path.map(String))
  if (issue.code !== 'unrecognized_keys') return [{ path: at, message: issue.message }]
  return issue.keys.map((key) => ({ path: joined(at, key.slice(0, 80)), message: 'is not known' }))
}

const joined = (...parts: string[]) => parts.filter((part) => part !== '').join('.')
