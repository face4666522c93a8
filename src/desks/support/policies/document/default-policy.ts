import { readFileSync } from 'node:fs'
import type { Policy } from './policy.ts'
import { readPolicy } from './read-policy.ts'

/** The policy that ships with the product, as it is written. */
export const DEFAULT_POLICY_TEXT = readFileSync(new URL('./default-policy.yaml', import.meta.url), 'utf8')

let known: Policy | undefined

/** The policy that ships with the product. */
export function defaultPolicy(): Policy {
  known ??= read()
  return known
}

function read(): Policy {
  const result = readPolicy(DEFAULT_POLICY_TEXT, new Set())
  if ('problems' in result) throw new Error(`default-policy.yaml: ${JSON.stringify(result.problems)}`)
  return result.policy
}
