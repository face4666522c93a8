import { declareFaults } from '../../../kernel/faults.ts'
import type { PolicyProblem } from './document/policy.ts'

export const policyFault = declareFaults({
  'policies.invalid': 422,
  'policies.changed': 409,
  'policies.too_many_versions': 409,
  'policies.version_not_found': 404,
})

/** Problems that an answer shows; nobody mends more at once. */
export const PROBLEMS_SHOWN = 100

export function invalidPolicy(problems: readonly PolicyProblem[]) {
  const told = problems.slice(0, 5).map(({ path, message }) => (path === '' ? message : `${path} ${message}`))
  return policyFault('policies.invalid', {
    public: `The policy cannot be used: ${told.join('; ')}${problems.length > told.length ? '; …' : ''}. Nothing was changed.`,
    internal: `a policy with ${problems.length} problems`,
    extensions: {
      errors: problems.slice(0, PROBLEMS_SHOWN).map(({ path, message }) => {
        return { in: 'body', field: path === '' ? 'document' : `document.${path}`, message }
      }),
    },
  })
}

export const versionNotFound = () =>
  policyFault('policies.version_not_found', {
    public: 'This tenant has no version of its policy with this number.',
    internal: 'no such version of the policy',
  })
