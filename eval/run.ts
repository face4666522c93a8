/**
 * `npm run eval -- <name> [options]` measures one kind of decision on labelled data; without a name, all of them. Like
 * a benchmark it prints figures and asserts nothing; simple baselines are measured in the same run beside it.
 */
const EVALUATIONS: Record<string, () => Promise<{ evaluate: (options: readonly string[]) => Promise<void> }>> = {
  classification: () => import('./classification.ts'),
}

const [wanted, ...options] = process.argv.slice(2)
if (wanted !== undefined && !(wanted in EVALUATIONS)) {
  console.error(`There is no evaluation ${wanted}. There are: ${Object.keys(EVALUATIONS).join(', ')}.`)
  process.exit(2)
}
for (const [name, load] of Object.entries(EVALUATIONS)) {
  if (wanted !== undefined && name !== wanted) continue
  console.log(`\n# ${name}`)
  await (await load()).evaluate(options)
}
