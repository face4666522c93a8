import { existsSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
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

test('a first start makes a PostgreSQL 18 in UTF-8 with checksums, durable commits and no door but loopback', async () => {
  const dataDir = temporaryDirectory()
  const postgres = await start({ dataDir, durable: true })
  const settings = await query(
    postgres.url,
    `select name, setting from pg_settings where name in
      ('server_encoding', 'data_checksums', 'fsync', 'synchronous_commit', 'listen_addresses', 'unix_socket_directories')`,
  )
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    server_encoding: 'UTF8',
    data_checksums: 'on',
    fsync: 'on',
    synchronous_commit: 'on',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  })
  const [row] = await query(postgres.url, `select current_setting('server_version_num')::int / 10000 as major`)
  expect(row).toEqual({ major: 18 })
  expect(statSync(join(dataDir, 'postgresql', 'password')).mode & 0o777).toBe(0o600)
  await expect(query(postgres.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/)
})

test('a second start finds the data and the address of the first', async () => {
  const first = await start({ dataDir })
  await query(first.url, 'create table kept as select 42 as answer')
  await first.close()
  const second = await start({ dataDir })
  expect(second.url).toBe(first.url)
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('when the last port is taken, the next start takes another one', async () => {
  const first = await start({ dataDir })
  await first.close()
  const squatter = createServer().listen(first.port, '127.0.0.1')
  onTestFinished(() => void squatter.close())
  const second = await start({ dataDir })
  expect(second.port).not.toBe(first.port)
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('close may be called twice, waits for the end and leaves no process', async () => {
  const postgres = await start({ dataDir })
  expect(processesOf(dataDir)).not.toEqual([])
  await Promise.all([postgres.close(), postgres.close()])
  expect(existsSync(join(postgres.directory, 'cluster', 'postmaster.pid'))).toBe(false)
  await expect.poll(() => processesOf(dataDir)).toEqual([])
})

test('a server that dies is reported with its last lines, and the directory is free for the next start', async () => {
  const reported = Promise.withResolvers<Error>()
  const postgres = await start({ dataDir, onUnexpectedExit: reported.resolve })
  process.kill(serverPid(postgres.directory), 'SIGKILL')
  expect((await reported.promise).message).toMatch(/stopped by itself \(signal 9\).*ready to accept connections/s)
  await postgres.close()
  const next = await start({ dataDir })
  expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('close is not reported as an unexpected end', async () => {
  let reports = 0
  const postgres = await start({ dataDir, onUnexpectedExit: () => reports++ })
  await postgres.close()
  expect(reports).toBe(0)
})

test('a start that fails says what the server said, and frees the directory', async () => {
  const failing = start({ dataDir, settings: { shared_buffers: 'plenty' } })
  await expect(failing).rejects.toThrow(/did not start \(exit code 1\).*invalid value for parameter "shared_buffers"/s)
  const next = await start({ dataDir })
  expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a first start killed in the middle is begun anew by the next', async () => {
  const dataDir = await killedInTheMiddle()
  expect(unfinished(dataDir)).toHaveLength(1)
  const postgres = await start({ dataDir })
  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(unfinished(dataDir)).toEqual([])
})

const unfinished = (dataDir: string) => readdirSync(dataDir).filter((name) => name.includes('.partial-'))

/** The data directory of a first start that was killed; one that was done before anybody looked is followed by another. */
async function killedInTheMiddle(): Promise<string> {
  const dataDir = temporaryDirectory()
  const owner = startOwner(dataDir)
  let isDone = false
  owner.ready.then(
    () => {
      isDone = true
    },
    () => {},
  )
  const isUnderWay = () => unfinished(dataDir).some((name) => existsSync(join(dataDir, name, 'cluster', 'base')))
  await expect.poll(() => isDone || isUnderWay()).toBe(true)
  owner.signalGroup('SIGKILL')
  await owner.exited
  return unfinished(dataDir).length > 0 ? dataDir : killedInTheMiddle()
}
