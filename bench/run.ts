/**
 * `npm run bench -- <name>` runs one benchmark; without a name, all of them. A benchmark prints figures and asserts
 * nothing: whether they are good enough is for people, with the peer measured in the same run beside them.
 */
const BENCHMARKS: Record<string, () => Promise<{ bench: () => Promise<void> }>> = {
  budget: () => import('./budget.bench.ts'),
  clocks: () => import('./clocks.bench.ts'),
  classify: () => import('./classify.bench.ts'),
  counters: () => import('./counters.bench.ts'),
  notify: () => import('./notify.bench.ts'),
  idle: () => import('./idle.bench.ts'),
  stats: () => import('./stats.bench.ts'),
  ingestion: () => import('./ingestion.bench.ts'),
  'task-cache': () => import('./task-cache.bench.ts'),
  tickets: () => import('./tickets.bench.ts'),
  load: () => import('./load.bench.ts'),
  'fair-shares': () => import('./fair-shares.bench.ts'),
  bounds: () => import('./bounds.bench.ts'),
  abuse: () => import('./abuse.bench.ts'),
  tasks: () => import('./tasks.bench.ts'),
  sqs: () => import('./sqs.bench.ts'),
  'task-requests': () => import('./task-requests.bench.ts'),
}

const wanted = process.argv[2]
if (wanted !== undefined && !(wanted in BENCHMARKS)) {
  console.error(`There is no benchmark ${wanted}. There are: ${Object.keys(BENCHMARKS).join(', ')}.`)
  process.exit(2)
}
for (const [name, load] of Object.entries(BENCHMARKS)) {
  if (wanted !== undefined && name !== wanted) continue
  console.log(`\n## ${name}`)
  await (await load()).bench()
}
