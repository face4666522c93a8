import { randomInt } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { UnusableDatabaseError } from '../faults.ts'

/**
 * Below the ephemeral ports of Linux (32768) and macOS (49152): no outgoing connection takes a port from this range
 * between two starts.
 */
const FIRST = 20_000
const LAST = 29_999
const TRIES = 50

/** The last port when it is free, else any free one. Somebody may still take it before the server does: try again then. */
export async function choosePort(portFile: string): Promise<number> {
  const last = readPort(portFile)
  if (last !== undefined && (await isFree(last))) return last
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FIRST, LAST + 1)
    if (await isFree(port)) return port
  }
  throw new UnusableDatabaseError(`No port between ${FIRST} and ${LAST} is free for PostgreSQL. Set DATABASE_URL.`)
}

export function rememberPort(portFile: string, port: number): void {
  if (readPort(portFile) !== port) writeFileSync(portFile, `${port}\n`)
}

function readPort(portFile: string): number | undefined {
  const port = existsSync(portFile) ? Number.parseInt(readFileSync(portFile, 'utf8'), 10) : Number.NaN
  return port > 0 && port <= 65_535 ? port : undefined
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
