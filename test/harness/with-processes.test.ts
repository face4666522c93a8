import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isOutOfPlace } from './with-processes.ts'

const tests = globSync('{src,test,mock-provider,packages,bench}/**/*.test.ts').filter(
  (path) => !import.meta.filename.endsWith(path),
)

it('tests that start processes stand among the journeys or are named *.process.test.ts', () => {
  expect(tests.length).toBeGreaterThan(100)
  expect(tests.filter((path) => isOutOfPlace(path, readFileSync(path, 'utf8')))).toEqual([])
})

it.each([
  ["import { spawn } from 'node:child_process'", 'src/core/tasks/tasks.test.ts', true],
  ["import { spawnSystem } from '../harness/system.ts'", 'test/routes/access.test.ts', true],
  ["import { spawnSystem } from '../harness/system.ts'", 'test/journeys/any/planted.test.ts', false],
  ["import { spawn } from 'node:child_process'", 'src/core/tasks/tasks.process.test.ts', false],
  ["import { testSystem } from '../harness/system.ts'", 'test/routes/access.test.ts', false],
])('%s in %s is out of place: %s', (text, path, isWrong) => {
  expect(isOutOfPlace(path, text)).toBe(isWrong)
})
