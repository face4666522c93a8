import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/database/embedded/index.ts'
import { createTemplate } from './server.ts'
import { waitFor } from './wait-for.ts'

/** `fast` rolls back what is under way and writes a checkpoint; `immediate` leaves as after a crash. */
export type Shutdown = 'fast' | 'immediate'

/**
 * A process and what it has started, itself first: a postmaster that stands still starts no more. One that goes on may
 * end its children between their listing and their signal, and so may they themselves: who has ended needs none.
 */
function signalFamily(pid: number, signal: NodeJS.Signals): void {
  process.kill(pid, signal)
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  for (const [child, parent] of processes.split('\n').map((line) => line.trim().split(/\s+/).map(Number))) {
    if (child !== undefined && parent === pid) signalUnlessEnded(child, signal)
  }
}

function signalUnlessEnded(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/**
 * A PostgreSQL that a test may stop and start: durable, unlike the one of all tests, because what was committed has to
 * be there afterwards. It comes back at the same address.
 */
export async function ownPostgres() {
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-own-'))
  chmodSync(dataDir, 0o755)
  let goneByItself = false
  const open = () => {
    goneByItself = false
    return startEmbeddedPostgres({
      dataDir,
      onUnexpectedExit: () => {
        goneByItself = true
      },
    })
  }
  let server: EmbeddedPostgres = await open()
  const { url } = server
  const postmaster = () =>
    Number(readFileSync(join(server.directory, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0])
  await createTemplate(url)
  return {
    url,
    stop: async (how: Shutdown) => {
      if (how === 'fast') return server.close()
      process.kill(postmaster(), 'SIGQUIT')
      await waitFor('PostgreSQL did not stop', () => goneByItself)
    },
    start: async () => {
      server = await open()
      if (server.url !== url) throw new Error('another process took the port while PostgreSQL was down')
    },
    /** It takes connections and answers nothing, until `thaw`. */
    freeze: () => signalFamily(postmaster(), 'SIGSTOP'),
    thaw: () => signalFamily(postmaster(), 'SIGCONT'),
    close: async () => {
      await server.close()
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
