import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The lines of `postmaster.pid` as PostgreSQL documents them (storage-file-layout); a starting server has only some. */
const PID_LINE = 0
const STATUS_LINE = 7

/** Above every system's largest pid, so that nobody has it. */
const NOBODY = 2 ** 31 - 1

const file = (cluster: string) => join(cluster, 'postmaster.pid')

function readLines(cluster: string): string[] {
  return existsSync(file(cluster)) ? readFileSync(file(cluster), 'utf8').split('\n') : []
}

/** The pid of the server that has, or had, this cluster. */
export function readServerPid(cluster: string): number | undefined {
  const pid = Number.parseInt(readLines(cluster)[PID_LINE] ?? '', 10)
  return Number.isNaN(pid) ? undefined : pid
}

/** Whether the server says that it accepts connections. */
export function isServerReady(cluster: string): boolean {
  return readLines(cluster)[STATUS_LINE]?.trim() === 'ready'
}

/**
 * Takes pid and status out of the file that a dead server left behind.
 *
 * The pid may be somebody else's by now, and PostgreSQL would refuse to start as long as that process lives; the
 * status would tell us "ready" before the new server is. The rest must stay: by the shared memory named in it,
 * PostgreSQL sees whether backends of the dead server are still at work.
 */
export function forgetDeadServer(cluster: string): void {
  if (readServerPid(cluster) === undefined) {
    // Killed while it wrote its first line: PostgreSQL would refuse the empty file for ever.
    rmSync(file(cluster), { force: true })
    return
  }
  const kept = readLines(cluster).slice(PID_LINE + 1, STATUS_LINE)
  writeFileSync(file(cluster), [NOBODY, ...kept, ''].join('\n'))
}
