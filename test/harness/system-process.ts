import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { MEMORY } from '../../bin/commands.mjs'
import { waitFor } from './wait-for.ts'

/** The platform operator's token in every test system. */
export const OPERATOR_TOKEN = `test-operator-${randomBytes(8).toString('hex')}`

export type Environment = Record<string, string>

export function environmentFor(databaseUrl: string, more: Environment): Environment {
  return {
    DATABASE_URL: databaseUrl,
    PORT: '0',
    SIGNALBOX_DEMO: 'false',
    SIGNALBOX_ADMIN_TOKEN: OPERATOR_TOKEN,
    DATABASE_POOL_SIZE: '14',
    LOG_LEVEL: 'silent',
    ...more,
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

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/**
 * A process of the system, the way `npm start` runs it, once it serves. Its owner ends it; `onSpawned` is given the way to
 * do so before it serves. For a test file, `spawnSystem` is the owner.
 */
export async function startSystemProcess(
  databaseUrl: string,
  environment: Environment = {},
  onSpawned: (process: Pick<SystemProcess, 'kill' | 'exited'>) => void = () => {},
  main = MAIN,
): Promise<SystemProcess> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env
  const child = spawn(process.execPath, [...MEMORY, main], {
    env: {
      PATH,
      ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }),
      ...environmentFor(databaseUrl, { LOG_LEVEL: 'info', ...environment }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  const kill = (signal: NodeJS.Signals) => void child.kill(signal)
  onSpawned({ kill, exited })
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
    kill,
    stop: async () => {
      child.kill('SIGTERM')
      return exited
    },
  }
}
