import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { canEnter, chooseAccount, runAs } from './account.ts'
import { processesOf, query, sharedDirectory, start, startOwner, temporaryDirectory } from './processes.fixture.ts'
import { copyWithinReach, stateDirectory } from './state-directory.ts'

const isRoot = process.getuid?.() === 0
const ordinary = { name: 'nobody', uid: 65_534, gid: 65_534 }
const codeIsReachable = isRoot && canEnter(ordinary, fileURLToPath(new URL('.', import.meta.url)))

/** As root's home is: nobody but its owner gets in. */
function closedDirectory(): string {
  const closed = join(temporaryDirectory(), 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o700)
  return closed
}

describe.runIf(isRoot)('as root', () => {
  const shared = sharedDirectory()

  test('the server runs as another account, to which its files belong', async () => {
    const postgres = await start({ dataDir: shared })
    const { uid, mode } = statSync(postgres.directory)
    expect(uid).not.toBe(0)
    expect(mode & 0o777).toBe(0o700)
    expect(dirname(postgres.directory)).toBe(shared)
  })

  test('under a directory of mode 0700 the database is placed within reach, and found again', async () => {
    const dataDir = join(closedDirectory(), 'data')
    const first = await start({ dataDir })
    const base = dirname(first.directory)
    onTestFinished(() => rmSync(base, { recursive: true, force: true }))
    expect(base).not.toContain(dataDir)
    expect(readFileSync(join(dataDir, 'postgresql.location'), 'utf8')).toContain(base)
    await query(first.url, 'create table kept as select 42 as answer')
    await first.close()

    const second = await start({ dataDir })
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
    await expect(start({ dataDir })).rejects.toThrow(/is in use by/)
    await second.close()

    rmSync(base, { recursive: true })
    await expect(start({ dataDir })).rejects.toThrow(`The database of ${dataDir} was in ${base}, which is gone.`)
  })

  test('a state directory that others could write to, or own, is not trusted', () => {
    const account = chooseAccount('/nowhere')
    const place = temporaryDirectory()
    const writable = join(place, 'writable')
    mkdirSync(writable)
    chmodSync(writable, 0o777)
    expect(stateDirectory(account, [writable, join(place, 'made')])).toBe(join(place, 'made'))
    expect(() => stateDirectory(account, [writable])).toThrow(/Start as an ordinary user/)
  })

  test('program files that only root can reach are copied once, whole, for everybody to run and nobody to change', () => {
    const state = temporaryDirectory()
    const directory = programFilesForOwnerOnly(closedDirectory())
    const said: string[] = []
    const copy = () => copyWithinReach({ directory, version: '18.0', state, say: (sentence) => said.push(sentence) })
    const place = copy()
    expect(place.startsWith(state)).toBe(true)
    const result = spawnSync(join(place, 'bin', 'postgres'), { ...runAs(ordinary), encoding: 'utf8' })
    expect(result.stdout).toBe('a library\n')
    expect(statSync(join(place, 'bin', 'postgres')).mode & 0o777).toBe(0o755)
    expect(existsSync(join(place, 'lib', 'static.a'))).toBe(false)
    expect(copy()).toBe(place)
    expect(said).toHaveLength(1)
    expect(readdirSync(state)).toHaveLength(1)
  })

  test.runIf(codeIsReachable)(
    'a cluster that an ordinary user made stays that user’s when root starts it',
    async () => {
      const dataDir = directoryOf(ordinary)
      const owner = startOwner(dataDir, ordinary)
      const { url } = await owner.ready
      await query(url, 'create table kept as select 42 as answer')
      owner.signal('SIGTERM')
      await owner.exited

      const asRoot = await start({ dataDir })
      expect(await query(asRoot.url, 'select answer from kept')).toEqual([{ answer: 42 }])
      const accounts = processesOf(dataDir).flatMap((line) => uidOf(line) ?? [])
      expect(new Set(accounts)).toEqual(new Set([ordinary.uid]))
      await asRoot.close()

      const again = startOwner(dataDir, ordinary)
      expect((await again.ready).url).toBe(url)
    },
  )

  test.runIf(codeIsReachable)('an ordinary user is told that a cluster of root’s is not theirs to start', async () => {
    chmodSync(shared, 0o777)
    await expect(startOwner(shared, ordinary).ready).rejects.toThrow(/cannot be used by this user/)
  })
})

test.runIf(codeIsReachable || !isRoot)('an ordinary user has everything under the data directory', async () => {
  const account = isRoot ? ordinary : userInfo()
  const dataDir = directoryOf(account)
  const owner = startOwner(dataDir, isRoot ? account : {})
  const { url, directory } = await owner.ready
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(directory).toBe(join(dataDir, 'postgresql'))
  expect(statSync(join(directory, 'cluster')).uid).toBe(account.uid)
  owner.signal('SIGTERM')
  expect(await owner.exited).toBe(0)
  await expect.poll(() => processesOf(dataDir)).toEqual([])
})

function directoryOf({ uid, gid }: { uid: number; gid: number }): string {
  const directory = temporaryDirectory()
  chownSync(directory, uid, gid)
  chmodSync(directory, 0o700)
  return directory
}

/** Undefined when the process has ended since it was listed. */
function uidOf(processLine: string): number | undefined {
  return statSync(`/proc/${Number.parseInt(processLine, 10)}`, { throwIfNoEntry: false })?.uid
}

/** What an install under umask 077 looks like: a program that needs the file its library's link points to. */
function programFilesForOwnerOnly(parent: string): string {
  const directory = join(parent, 'native')
  for (const name of ['bin', 'lib']) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, 'lib', 'library.so.1.0'), 'a library\n', { mode: 0o600 })
  symlinkSync('library.so.1.0', join(directory, 'lib', 'library.so'))
  writeFileSync(join(directory, 'lib', 'static.a'), '')
  writeFileSync(join(directory, 'bin', 'postgres'), '#!/bin/sh\ncat "$(dirname "$0")/../lib/library.so"\n', {
    mode: 0o700,
  })
  return directory
}
