import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, inject } from 'vitest'
import { parseConfig } from '../../src/kernel/config.ts'
import { type System, startSystem } from '../../src/main.ts'
import { silent } from './database.ts'
import { createDatabase, type TestDatabase } from './server.ts'
import { waitFor } from './wait-for.ts'

/** The platform operator's token in every test system. */
export const OPERATOR_TOKEN = `test-operator-${randomBytes(8).toString('hex')}`

type Environment = Record<string, string>

function environmentFor(databaseUrl: string, more: Environment): Environment {
  return {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    SIGNALBOX_DEMO: 'false',
    SIGNALBOX_ADMIN_TOKEN: OPERATOR_TOKEN,
    DATABASE_POOL_SIZE: '16',
    LOG_LEVEL: 'silent',
    ...more,
  }
}

/** The whole system in this process, as production starts it, on a database of this test file's own. */
export function testSystem(environment: Environment | (() => Environment) = {}) {
  let made: TestDatabase
  let system: System
  beforeAll(async () => {
    made = await createDatabase(inject('serverUrl'))
    const more = typeof environment === 'function' ? environment() : environment
    system = await startSystem(parseConfig(environmentFor(made.url, more)), silent)
  })
  afterAll(async () => {
    await system?.stop()
    await made?.drop()
  })
  return {
    get url() {
      return system.url
    },
    get databaseUrl() {
      return made.url
    },
    get routes() {
      return system.routes
    },
  }
}

export type SystemProcess = {
  pid: number
  url: string
  /** Everything it has printed so far. */
  output(): string
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): void
  /** SIGTERM, then waits for the end. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** What one process has compiled the next one need not compile again: half of a start is that. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/signalbox-tests', import.meta.url))
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const started = new Set<ChildProcess>()
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** A process of the system of its own, the way `npm start` runs it; killed after the test file if still there. */
export async function spawnSystem(databaseUrl: string, environment: Environment = {}): Promise<SystemProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...{ PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: COMPILED },
      ...environmentFor(databaseUrl, { LOG_LEVEL: 'info', ...environment }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => {
      started.delete(child)
      resolve({ code, signal })
    }),
  )
  const ended = exited.then(({ code }) => {
    throw new Error(`the process ended with ${code}: ${output}`)
  })
  const serves = waitFor('the process never said that it serves', () => /"address":"([^"]+)"/.exec(output)?.[1])
  const url = await Promise.race([serves, ended])
  // Its end is expected from here on.
  ended.catch(() => {})
  return {
    pid: child.pid ?? -1,
    url,
    output: () => output,
    exited,
    kill: (signal) => child.kill(signal),
    stop: async () => {
      child.kill('SIGTERM')
      return exited
    },
  }
}
