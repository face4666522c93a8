import { parseArgs } from 'node:util'
import { compareClocks } from './clocks.ts'

const SEED_MAX = 2 ** 31 - 1
const CASES_MAX = 10_000_000
const ORACLES = ['clocks']

/**
 * `npm run oracle -- clocks --cases 100000 --seed 7`: random questions to the engine and to a brute-force oracle. Ends with 1
 * and the first differences when there are any.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string' }, seed: { type: 'string' } },
})
const [wanted = 'clocks'] = positionals
const cases = Number(values.cases ?? 20_000)
const seed = Number(values.seed ?? Date.now() % SEED_MAX)
if (!ORACLES.includes(wanted)) {
  console.error(`There is no oracle ${wanted}. There are: ${ORACLES.join(', ')}.`)
  process.exit(2)
}
if (
  !Number.isInteger(cases) ||
  cases < 1 ||
  cases > CASES_MAX ||
  !Number.isInteger(seed) ||
  seed < 0 ||
  seed > SEED_MAX
) {
  console.error(`--cases must be a whole number from 1 to ${CASES_MAX}, --seed one from 0 to ${SEED_MAX}.`)
  process.exit(2)
}
const began = performance.now()
let told = 0
const { differences, ...counts } = compareClocks({
  cases,
  seed,
  onProgress: ({ cases: done }) => {
    if (done - told < 100_000) return
    told = done
    console.log(`  ${done.toLocaleString('en')} cases, ${((performance.now() - began) / 1_000).toFixed(0)} s`)
  },
})
console.log(
  `clocks: ${counts.cases.toLocaleString('en')} cases (${counts.withOpenTime.toLocaleString('en')} with open time), seed ${seed}, ${counts.zones} zones, ${counts.windows} windows ` +
    `(${counts.windowsWithChange} around a change of the offset), ${((performance.now() - began) / 1_000).toFixed(0)} s: ` +
    `${differences.length} differences`,
)
for (const { document, fromMs, ...difference } of differences) {
  console.error(
    `\n${JSON.stringify({ ...difference, from: new Date(fromMs).toISOString() })}\n${JSON.stringify(document)}`,
  )
}
if (differences.length > 0) process.exit(1)
