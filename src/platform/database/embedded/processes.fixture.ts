import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { sleep } from '../../../kernel/abort.ts'
import type { EmbeddedPostgres, EmbeddedPostgresOptions } from './index.ts'
import { startEmbeddedPostgres } from './index.ts'

/** A directory that everybody can enter, as a clone's is; gone after the test. */
export function temporaryDirectory(): string {
  const directory = makeDirectory()
  onTestFinished(() => removeDirectory(directory))
  return directory
}

/** A directory with a cluster in it, for the tests of one file that need not see it made: initdb is the slow part. */
export function sharedDirectory(): string {
  const directory = makeDirectory()
  beforeAll(async () => {
    const postgres = await startEmbeddedPostgres({ dataDir: directory, durable: false })
    await postgres.close()
  })
  afterAll(() => removeDirectory(directory))
  return directory
}

function makeDirectory(): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), 'signalbox-embedded-'))
  chmodSync(directory, 0o755)
  return directory
}

/** The server of an owner that a test killed takes a moment to go, and would write into what is being removed. */
async function removeDirectory(directory: string) {
  while (processesOf(directory).length > 0) await sleep(20)
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 })
}

/** Starts a server in this process and closes it after the test. */
export async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ durable: false, ...options })
  onTestFinished(() => postgres.close())
  return postgres
}

export async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  // The server may be killed under the connection; the query's own rejection tells.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

export type Owner = {
  pid: number
  /** What it printed when its server was ready. Rejects with what it complained of. */
  ready: Promise<{ url: string; directory: string }>
  exited: Promise<number | null>
  signal(name: NodeJS.Signals): void
  /** Signals the whole process group, as a terminal or a supervisor does. */
  signalGroup(name: NodeJS.Signals): void
}

/** Starts another process, in a group of its own, that owns `dataDir`. */
export function startOwner(dataDir: string, account: { uid?: number; gid?: number } = {}): Owner {
  const program = fileURLToPath(new URL('./owner.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [program, dataDir], {
    ...account,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const pid = child.pid ?? 0
  const signalGroup = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, name)
  }
  onTestFinished(async () => {
    signalGroup('SIGKILL')
    await exited
  })
  return { pid, ready: readAnnouncement(child), exited, signal: (name) => child.kill(name), signalGroup }
}

function readAnnouncement(child: ChildProcess): Owner['ready'] {
  const ready = new Promise<{ url: string; directory: string }>((resolve, reject) => {
    let complaint = ''
    child.stderr?.on('data', (chunk) => {
      complaint += chunk
    })
    child.stdout?.once('data', (line) => resolve(JSON.parse(String(line))))
    child.once('close', () => reject(new Error(complaint)))
  })
  // A test that kills the owner early does not ask.
  ready.catch(() => undefined)
  return ready
}

/** The pid of the server, from the server. */
export function serverPid(home: string): number {
  return Number.parseInt(readFileSync(join(home, 'cluster', 'postmaster.pid'), 'utf8'), 10)
}

/** The processes that work in a directory or were started for it, as `pid command line`. Linux tells; elsewhere none. */
export function processesOf(directory: string): string[] {
  if (!existsSync('/proc')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ pid, cwd: tryTo(() => readlinkSync(`/proc/${pid}/cwd`)), command: commandOf(pid) }))
    .filter(({ cwd, command }) => command !== '' && (cwd.startsWith(directory) || command.includes(directory)))
    .map(({ pid, command }) => `${pid} ${command}`)
}

function commandOf(pid: string): string {
  return tryTo(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
}

function tryTo(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
