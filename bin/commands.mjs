/** Each command is a list of programs for Node.js 24. All of them run; further arguments go to the first. */
export const COMMANDS = {
  start: [['src/main.ts']],
  dev: [['--watch-path=src', '--watch-path=mock-provider', '--watch-preserve-output', 'src/main.ts']],
  test: [['node_modules/vitest/vitest.mjs', 'run']],
  check: [
    ['node_modules/@biomejs/biome/bin/biome', 'check'],
    ['node_modules/typescript/bin/tsc', '-p', '.'],
  ],
  config: [['src/show-config.ts']],
  'verify-counters': [['src/verify-counters.ts']],
  bench: [['bench/run.ts']],
  eval: [['eval/run.ts']],
  explain: [['test/plans/explain.ts']],
  'mock-provider': [['mock-provider/main.ts']],
  'generate:types': [['test/generate-types.ts']],
}
