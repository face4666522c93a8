import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MEMORY } from '../bin/commands.mjs'

export const OPERATOR_TOKEN = 'operator-of-the-benchmark'

/** A process of the system as production runs it, on this database. Linux only, for its memory. */
export async function startSystemProcess(databaseUrl: string, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...MEMORY, fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      ...{ DATABASE_URL: databaseUrl, PORT: '0', SIGNALBOX_DEMO: 'false', SIGNALBOX_ADMIN_TOKEN: OPERATOR_TOKEN },
      ...environment,
    },
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      const served = /"address":"([^"]+)"/.exec(output)?.[1]
      if (served) resolve(served)
      // Only the beginning is looked at; the rest of the log is read and dropped.
      if (output.length > 100_000) output = ''
    })
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}: ${output}`)))
  })
  return {
    url,
    /** A figure of /proc/<pid>/status. */
    figure: (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]),
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

export type SystemUnderBench = Awaited<ReturnType<typeof startSystemProcess>>
