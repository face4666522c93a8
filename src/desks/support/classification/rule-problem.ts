/** What is wrong with rules, and the path to it, as `concepts.refund.terms.en.3`. */
export type RuleProblem = { path: string; message: string }

/** Rules that cannot be used, with every problem. */
export class InvalidRules extends Error {
  readonly problems: readonly RuleProblem[]
  constructor(problems: readonly RuleProblem[]) {
    super(problems.map(({ path, message }) => `${path || '(document)'}: ${message}`).join('\n'))
    this.name = 'InvalidRules'
    this.problems = problems
  }
}
