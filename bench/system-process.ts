import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MEMORY } from '../bin/commands.mjs'
import { spawnServer } from './spawn-server.ts'

export const OPERATOR_TOKEN = 'operator-of-the-benchmark'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const PROVIDER = fileURLToPath(new URL('../mock-provider/main.ts', import.meta.url))

/** A process of the system as production runs it, on this database. Linux only, for its memory. */
export async function startSystemProcess(databaseUrl: string, environment: Record<string, string> = {}) {
  const own = { DATABASE_URL: databaseUrl, PORT: '0', SIGNALBOX_DEMO: 'false', SIGNALBOX_ADMIN_TOKEN: OPERATOR_TOKEN }
  const { url, pid, stop } = await spawnServer([...MEMORY, MAIN], { ...own, ...environment }, /"address":"([^"]+)"/)
  return {
    url,
    /** A figure of /proc/<pid>/status. */
    figure: (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    stop,
  }
}

export type SystemUnderBench = Awaited<ReturnType<typeof startSystemProcess>>

/**
 * The mock provider, set up by `MOCK_PROVIDER_*`: beside what measures, the pages that it makes would keep the measuring
 * client's event loop waiting, and count as time that the system took.
 */
export const startProviderProcess = (knobs: Record<`MOCK_PROVIDER_${string}`, string>) =>
  spawnServer([PROVIDER], { MOCK_PROVIDER_PORT: '0', ...knobs }, /listens on (\S+)/)
