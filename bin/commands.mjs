/**
 * How much memory a process of the system takes, whose live objects are about 80 MB (resident: 300 MB at work). Below 2 GB, V8 collects its old objects before
 * they are twice as many, where it would wait for four times; and what a page of tickets leaves is gone while it is young.
 */
export const MEMORY = ['--max-old-space-size=1024', '--max-semi-space-size=32']

/** For those who use a system that runs, here or elsewhere. */
const COMMAND_LINE = 'packages/client/src/cli/main.ts'

/** Each command, of one word or two, is a list of programs for Node.js 24. All of them run; further arguments go to the first. */
export const COMMANDS = {
  start: [[...MEMORY, 'src/main.ts']],
  dev: [[...MEMORY, '--watch-path=src', '--watch-path=mock-provider', '--watch-preserve-output', 'src/main.ts']],
  test: [['node_modules/vitest/vitest.mjs', 'run']],
  'test quick': [['node_modules/vitest/vitest.mjs', 'run', '--project', 'quick']],
  check: [
    ['node_modules/@biomejs/biome/bin/biome', 'check'],
    ['node_modules/typescript/bin/tsc', '-p', '.'],
  ],
  config: [['src/show-config.ts']],
  'verify-counters': [['src/verify-counters.ts']],
  bench: [['bench/run.ts']],
  chaos: [['test/chaos/run.ts']],
  eval: [['eval/run.ts']],
  oracle: [['test/oracle/run.ts']],
  explain: [['test/plans/explain.ts']],
  'mock-provider': [['mock-provider/main.ts']],
  'generate:types': [['test/generate-types.ts']],
  'generate:rules': [['test/generate-rules.ts']],
  help: [[COMMAND_LINE, '--help']],
  tasks: [[COMMAND_LINE, 'tasks']],
  login: [[COMMAND_LINE, 'login']],
  profiles: [[COMMAND_LINE, 'profiles']],
  'generate:client': [['test/generate-client.ts']],
}
