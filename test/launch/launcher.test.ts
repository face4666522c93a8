import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../bin/commands.mjs'
import { fakeClone } from './fake-clone.fixture.ts'

/** Serves until it is told to stop, takes a moment for it, and says how often it was told. */
const SERVER = `
let told = 0
const working = setInterval(() => {}, 1_000)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {
  told++
  if (told > 1) return
  console.log('stopping')
  setTimeout(() => { clearInterval(working); console.log('stopped after ' + told) }, 500)
})
console.log('serving')
`

function installedClone(programs: Record<string, string>) {
  const clone = fakeClone(programs)
  clone.install()
  return clone
}

test('the exit code is the program’s own', async () => {
  const clone = installedClone({ 'src/main.ts': 'process.exitCode = 7' })
  expect(await clone.launch('start').ended).toBe(7)
})

test('a program that a signal ends gives 128 and the signal’s number', async () => {
  const clone = installedClone({ 'src/main.ts': `process.kill(process.pid, 'SIGKILL')` })
  expect(await clone.launch('start').ended).toBe(128 + 9)
})

test('a signal to the launcher alone reaches the program once, and the launcher waits for its end', async () => {
  const clone = installedClone({ 'src/main.ts': SERVER })
  const launched = clone.launch('start')
  await expect.poll(launched.output).toContain('serving')
  launched.signal('SIGTERM')
  await expect.poll(launched.output).toContain('stopping')
  launched.signal('SIGTERM')
  expect(await launched.ended).toBe(0)
  expect(launched.output()).toContain('stopped after 1')
})

test('Ctrl-C, which reaches the whole group, is not sent to the program a second time', async () => {
  const clone = installedClone({ 'src/main.ts': SERVER })
  const launched = clone.launch('start')
  await expect.poll(launched.output).toContain('serving')
  launched.signalGroup('SIGINT')
  expect(await launched.ended).toBe(0)
  expect(launched.output()).toContain('stopped after 1')
})

test('dev starts the program again when it changes, and stops it in order', async () => {
  const clone = installedClone({ 'src/main.ts': SERVER, 'mock-provider/main.ts': '' })
  const launched = clone.launch('dev')
  await expect.poll(launched.output).toContain('serving')
  clone.write('src/main.ts', SERVER.replace('serving', 'serving again'))
  await expect.poll(launched.output).toMatch(/stopped after 1.*serving again/s)
  launched.signal('SIGTERM')
  await launched.ended
  expect(launched.output()).toMatch(/serving again.*stopped after 1/s)
})

test('further arguments reach the program', async () => {
  const clone = installedClone({ 'bench/run.ts': 'console.log(process.argv.slice(2).join())' })
  const launched = clone.launch('bench', 'ingestion', '--rounds=3')
  await launched.ended
  expect(launched.output()).toContain('ingestion,--rounds=3')
})

test('a command of two words takes further arguments too', async () => {
  const clone = installedClone({ 'node_modules/vitest/vitest.mjs': 'console.log(process.argv.slice(2).join())' })
  const launched = ['quick src/kernel', 'quickly'].map((words) => clone.launch('test', ...words.split(' ')))
  await Promise.all(launched.map(({ ended }) => ended))
  expect(launched.map(({ output }) => output())).toEqual(['run,--project,quick,src/kernel\n', 'run,quickly\n'])
})

test('check runs every check and fails when one fails', async () => {
  const clone = installedClone({
    'node_modules/@biomejs/biome/bin/biome': 'process.exitCode = 1',
    'node_modules/typescript/bin/tsc': `console.log('types checked')`,
  })
  const launched = clone.launch('check')
  expect(await launched.ended).toBe(1)
  expect(launched.output()).toContain('types checked')
})

test('the program finds Node.js 24 under the name node', async () => {
  const clone = installedClone({
    'src/main.ts': `console.log(require('node:child_process').execSync('command -v node').toString())`,
  })
  const launched = clone.launch('start')
  await launched.ended
  expect(launched.output()).toContain('node_modules/node/bin/node')
})

test('what Node.js compiles is kept for the next start', async () => {
  const clone = installedClone({ 'src/main.ts': `console.log(require('node:module').getCompileCacheDir())` })
  const launched = clone.launch('start')
  await launched.ended
  expect(launched.output()).toContain(join(clone.root, '.signalbox', 'compiled'))
})

test('an unknown command is answered with the known ones', async () => {
  const launched = fakeClone({}).launch('strat')
  expect(await launched.ended).toBe(1)
  expect(launched.output()).toContain('start | dev | test')
})

test('every command has an npm script that hands its process over, so that a signal to npm reaches the launcher', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
  const names = Object.keys(COMMANDS).filter((name) => !name.includes(' '))
  for (const name of names) expect(scripts[name]).toBe(`exec node bin/signalbox.mjs ${name}`)
})

test('every program that a command names exists', () => {
  const programs = Object.values(COMMANDS).flat(2)
  const files = programs.filter((part) => /\.(ts|mjs)$|\/bin\//.test(part))
  expect(files.filter((file) => !existsSync(file))).toEqual([])
})
