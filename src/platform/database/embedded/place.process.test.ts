import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './processes.fixture.ts'

/** In a process of its own, which can be killed: a loop inside one `mkdir` would hang the test with everything else. */
function prepare(dataDir: string) {
  const module = JSON.stringify(new URL('./place.ts', import.meta.url))
  const program = `import { prepareDataDirectory } from ${module}
    try { console.log(prepareDataDirectory(process.argv[1])) } catch (error) { console.log(error.name, error.message) }`
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', program, dataDir], {
    encoding: 'utf8',
    timeout: 200_000,
    killSignal: 'SIGKILL',
  })
  return { said: stdout.trim(), signal }
}

const ownFile = fileURLToPath(import.meta.url)

test.for([
  ['a place that takes no directories', '/proc/signalbox'],
  ['more than one level below such a place', '/proc/signalbox/data'],
  ['a file', ownFile],
  ['a place below a file', join(ownFile, 'data')],
] as const)('a data directory that is %s is refused in a sentence', ([, directory]) => {
  const { said, signal } = prepare(directory)
  expect(signal).toBeNull()
  expect(said).toMatch(/^UnusableDatabaseError The data directory .+ cannot be made \(.+\)\. Choose another one with/)
})

test('a data directory is made with every level above it, and found when it is there', () => {
  const place = temporaryDirectory()
  const dataDir = join(place, 'one', 'two')
  expect(prepare(dataDir).said).toBe(dataDir)
  expect(prepare(dataDir).said).toBe(dataDir)
  expect(statSync(dataDir).isDirectory()).toBe(true)
})
