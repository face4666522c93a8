import { spawn } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  processesOf,
  query,
  serverPid,
  sharedDirectory,
  start,
  startOwner,
  temporaryDirectory,
} from './processes.fixture.ts'

const dataDir = sharedDirectory()

test('a second owner is refused with the directory and the pid of the first, which goes on', async () => {
  const owner = startOwner(dataDir)
  const { url } = await owner.ready
  await expect(start({ dataDir })).rejects.toThrow(`The database in ${dataDir} is in use by process ${owner.pid}.`)
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a second owner within the same process is refused as well', async () => {
  await start({ dataDir })
  await expect(start({ dataDir })).rejects.toThrow(`is in use by process ${process.pid}.`)
})

test('of owners that start at once exactly one wins', async () => {
  const dataDir = temporaryDirectory()
  const owners = [startOwner(dataDir), startOwner(dataDir), startOwner(dataDir)]
  const results = await Promise.allSettled(owners.map((owner) => owner.ready))
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
  expect(refusals).toEqual([expect.stringMatching(/is in use by/), expect.stringMatching(/is in use by/)])
})

test('Ctrl-C, which reaches the whole group, leaves the server to its owner', async () => {
  const owner = startOwner(dataDir)
  const { url } = await owner.ready
  owner.signalGroup('SIGINT')
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  owner.signal('SIGTERM')
  expect(await owner.exited).toBe(0)
})

test('the server of a killed owner stops by itself', async () => {
  const owner = startOwner(dataDir)
  await owner.ready
  owner.signal('SIGKILL')
  await owner.exited
  await expect.poll(() => processesOf(dataDir)).toEqual([])
})

test('after kill -9 of the whole group the next start, at once, has what was committed and leaves nothing running', async () => {
  const owner = startOwner(dataDir)
  const { url } = await owner.ready
  await query(url, 'create table committed as select 42 as answer')
  owner.signalGroup('SIGKILL')
  await owner.exited
  const next = await start({ dataDir })
  expect(await query(next.url, 'select answer from committed')).toEqual([{ answer: 42 }])
  await next.close()
  await expect.poll(() => processesOf(dataDir)).toEqual([])
})

test('a server that lost its guardian too is stopped by the next start', async () => {
  const owner = startOwner(dataDir)
  const { url, directory } = await owner.ready
  await query(url, 'create table orphaned as select 42 as answer')
  const orphan = serverPid(directory)
  const guardians = processesOf(dataDir).filter((line) => line.includes('/bin/sh -c'))
  expect(guardians).toHaveLength(2)
  owner.signal('SIGSTOP')
  for (const line of guardians) process.kill(Number.parseInt(line, 10), 'SIGKILL')
  owner.signal('SIGKILL')
  await owner.exited
  expect(() => process.kill(orphan, 0)).not.toThrow()
  const next = await start({ dataDir })
  expect(serverPid(next.directory)).not.toBe(orphan)
  expect(await query(next.url, 'select answer from orphaned')).toEqual([{ answer: 42 }])
  expect(processesOf(dataDir).filter((line) => line.startsWith(`${orphan} `))).toEqual([])
})

test('what a dead server and its owner left behind does not matter when their pids belong to others now', async () => {
  const first = await start({ dataDir })
  const pidFile = join(first.directory, 'cluster', 'postmaster.pid')
  const [, ...rest] = readFileSync(pidFile, 'utf8').split('\n')
  await first.close()
  // PostgreSQL takes only a process of its own account for a rival.
  const { uid, gid } = statSync(join(first.directory, 'cluster'))
  const stranger = spawn('sleep', ['600'], { uid, gid, stdio: 'ignore' })
  onTestFinished(() => void stranger.kill('SIGKILL'))
  writeFileSync(pidFile, [stranger.pid, ...rest].join('\n'))
  writeFileSync(join(dataDir, 'postgresql.owner'), `${stranger.pid}\n`)
  const next = await start({ dataDir })
  expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(stranger.exitCode).toBeNull()
})

test('an empty pid file, left by a kill at its first byte, does not keep the server from starting', async () => {
  const first = await start({ dataDir })
  await first.close()
  writeFileSync(join(first.directory, 'cluster', 'postmaster.pid'), '')
  const next = await start({ dataDir })
  expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
})
