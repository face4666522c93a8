import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

const SLOWEST = 12

/**
 * Ends the run with the files that took longest, where there were more, and with one plain line that people and machines
 * read alike: `N passed, N failed, N skipped`.
 */
export default class ClosingLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const module of modules) {
      // A file that cannot be loaded has no tests to count, and must not pass for that.
      if (module.errors().length > 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed' || state === 'failed' || state === 'skipped') counts[state] += 1
      }
    }
    process.on('exit', () => {
      for (const line of modules.length > SLOWEST ? slowest(modules) : []) console.log(line)
      console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
    })
  }
}

/** In seconds from the first import to the last hook; others ran at the same time. */
function slowest(modules: readonly TestModule[]): string[] {
  const took = modules.map((module) => {
    const { prepareDuration, environmentSetupDuration, setupDuration, collectDuration, duration } = module.diagnostic()
    const milliseconds = prepareDuration + environmentSetupDuration + setupDuration + collectDuration + duration
    return { seconds: milliseconds / 1_000, path: relative(process.cwd(), module.moduleId) }
  })
  const longest = took.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
  const all = took.reduce((sum, { seconds }) => sum + seconds, 0)
  return [
    `The slowest of ${took.length} files, in seconds of ${all.toFixed(0)}:`,
    ...longest.map(({ seconds, path }) => `${seconds.toFixed(1).padStart(7)}  ${path}`),
    '',
  ]
}
