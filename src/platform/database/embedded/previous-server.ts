import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { UnusableDatabaseError } from '../faults.ts'
import { forgetDeadServer, readServerPid } from './postmaster-file.ts'

/** Fast shutdown, then immediate, then none: each with the seconds it gets. The first writes a checkpoint. */
const WAYS_TO_STOP = [
  ['SIGINT', 20],
  ['SIGQUIT', 10],
  ['SIGKILL', 5],
] as const

const POLL_MS = 20

/**
 * Makes sure that no server of an earlier owner works on this cluster. Call it only with the owner's lock in hand:
 * then a server that still runs has lost its owner and is at most a moment away from stopping by itself.
 */
export async function settlePreviousServer(cluster: string, logger?: Logger): Promise<void> {
  const pid = readServerPid(cluster)
  if (pid !== undefined && isServerOf(cluster, pid)) {
    logger?.warn({ component: 'database', pid }, 'the server of a killed process is still there; waiting for its end')
    await stopServer(cluster, pid)
  }
  forgetDeadServer(cluster)
}

async function stopServer(cluster: string, pid: number): Promise<void> {
  for (const [signal, seconds] of WAYS_TO_STOP) {
    try {
      process.kill(pid, signal)
    } catch {
      // Gone in between, or another user's; the loop tells the two apart.
    }
    const deadline = Date.now() + seconds * 1_000
    while (Date.now() < deadline) {
      if (!isServerOf(cluster, pid)) return
      await sleep(POLL_MS)
    }
  }
  throw new UnusableDatabaseError(
    `The PostgreSQL process ${pid} still works on ${cluster} and cannot be stopped. End it (kill -QUIT ${pid}) and start again.`,
  )
}

/** A pid alone proves nothing, it may have been given to another program: its command line must name the cluster. */
function isServerOf(cluster: string, pid: number): boolean {
  return commandLine(pid).includes(`postgres -D ${cluster} `)
}

function commandLine(pid: number): string {
  if (process.platform !== 'linux') {
    return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
  }
  try {
    // Empty for a zombie, which has let go of everything.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
