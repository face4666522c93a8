import { parseArgs } from 'node:util'
import { playChaos } from './play.ts'
import { playTaskChaos } from './tasks/play.ts'
import { TRANSPORTS } from './tasks/schedule.ts'

const SEED_MAX = 2 ** 31 - 1

/**
 * `npm run chaos -- --minutes 5 --seed 42`: takes processes, database, helpdesk and receiver away from a system at work, in
 * an order and at times that the seed decides, and checks at the end that nothing was lost or doubled. Ends with 1 and
 * what is wrong when something is.
 *
 * `npm run chaos -- tasks --transport sqs` does so to tasks alone: workers, connections and messages; over `postgres` first
 * and then over `sqs` when no transport is named.
 */
const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, transport: { type: 'string' } },
  allowPositionals: true,
})
const [what = 'system'] = positionals
const transports = TRANSPORTS.filter((each) => values.transport === undefined || values.transport === each)
if (positionals.length > 1 || !['system', 'tasks'].includes(what) || transports.length === 0) {
  console.error('Say what: nothing for the whole system, or tasks, with --transport postgres or --transport sqs.')
  process.exit(2)
}
const minutes = Number(values.minutes ?? 5)
const seed = Number(values.seed ?? Date.now() % SEED_MAX)
if (!(minutes > 0 && minutes <= 1_440) || !Number.isInteger(seed) || seed < 0 || seed > SEED_MAX) {
  console.error(`--minutes must be above 0 and at most 1440, --seed a whole number from 0 to ${SEED_MAX}.`)
  process.exit(2)
}
// Processes that are frozen then do not hear of it by themselves.
process.once('SIGINT', () => process.exit(130))
console.log(`seed ${seed}, ${minutes} minutes`)
const problems = await (what === 'tasks' ? playTasks() : playChaos(scheduled()))
if (problems.length > 0) {
  console.error(`\n${problems.length} things are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
  console.error(
    `\nThe same schedule again: npm run chaos -- ${positionals.join(' ')} --minutes ${minutes} --seed ${seed}`,
  )
  process.exit(1)
}
console.log(`\nEverything holds. seed ${seed}`)

function scheduled() {
  return { seed, durationMs: minutes * 60_000, print: console.log }
}

async function playTasks(): Promise<string[]> {
  const found: string[] = []
  for (const transport of transports) {
    console.log(`\nover ${transport}`)
    found.push(...(await playTaskChaos({ ...scheduled(), transport })))
  }
  return found
}
