import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { UnusableDatabaseError } from '../faults.ts'
import { type Binaries, findBinaries } from './binaries.ts'
import { DATABASE, LOGIN, makeCluster } from './make-cluster.ts'
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts'
import { findPlace, type Place, prepareDataDirectory } from './place.ts'
import { choosePort, rememberPort } from './port.ts'
import { isServerReady } from './postmaster-file.ts'
import { settlePreviousServer } from './previous-server.ts'
import { openServerLog, type ServerLog } from './server-log.ts'
import { type ServerProcess, spawnServer } from './server-process.ts'
import { serverArguments } from './server-settings.ts'

export type EmbeddedPostgresOptions = {
  /** Made when it is missing; one running server per directory. */
  dataDir: string
  logger?: Logger
  /** Whether what was committed survives a power cut. Default true; tests of disposable data turn it off for speed. */
  durable?: boolean
  /** Further server settings, over ours. */
  settings?: Record<string, string>
  /** Called once when the server stops without `close`; the error says how and shows its last lines. */
  onUnexpectedExit?: (error: UnusableDatabaseError) => void
}

export type EmbeddedPostgres = {
  /** `postgres://…`, as superuser on the database `signalbox`. */
  url: string
  port: number
  /** Where the server's files are: below `dataDir`, or elsewhere when the account it runs as cannot reach that. */
  directory: string
  /** Stops the server and frees the directory. May be called again; resolves when the server is gone. */
  close(): Promise<void>
}

/** Recovery after a crash reads at most the log between two checkpoints; a slow disk takes a minute for its gigabyte. */
const READY_WITHIN_MS = 120_000
const POLL_MS = 20

/** How long backends of a killed server may take to notice, and how often a port may be lost to somebody faster. */
const LINGERING_BACKENDS_MS = 15_000
const PORT_ATTEMPTS = 5

/**
 * Starts the PostgreSQL of a data directory, making its cluster first when there is none. Throws
 * `UnusableDatabaseError` with a sentence that says what to do; nothing is left running then.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, durable = true } = options
  const say = (sentence: string) => logger?.info({ component: 'database' }, sentence)
  const dataDir = prepareDataDirectory(options.dataDir)
  const locks: OwnerLock[] = [takeOwnerLock(dataDir)]
  const release = () => {
    for (const lock of locks) lock.release()
  }
  try {
    const place = findPlace(dataDir, say)
    // A copied data directory points to the same database as the first one.
    if (place.base !== dataDir) locks.push(takeOwnerLock(place.base))
    const binaries = findBinaries(place.account, say)
    await makeCluster(place, binaries, durable)
    const log = openServerLog(join(place.home, 'server.log'))
    try {
      await settlePreviousServer(place.cluster, logger)
      const started = await startServer({ place, binaries, log, durable, settings: options.settings ?? {} })
      return supervise({ ...options, ...started, place, log, release })
    } catch (error) {
      log.close()
      throw error
    }
  } catch (error) {
    release()
    throw error
  }
}

type Launch = { place: Place; binaries: Binaries; log: ServerLog; durable: boolean; settings: Record<string, string> }
type Started = { server: ServerProcess; port: number; mark: number }

/** Starts the server, again when it failed for a reason that passes by itself. */
async function startServer(launch: Launch): Promise<Started> {
  const portFile = join(launch.place.home, 'port')
  const lingeringUntil = Date.now() + LINGERING_BACKENDS_MS
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(portFile)
    const mark = launch.log.mark()
    const server = spawnServer({
      postgres: launch.binaries.postgres,
      serverArguments: serverArguments({ ...launch, cluster: launch.place.cluster, port }),
      account: launch.place.account,
      logDescriptor: launch.log.openForServer(),
    })
    const failure = await waitUntilReady(server, launch.place.cluster)
    if (failure === undefined) {
      rememberPort(portFile, port)
      return { server, port, mark }
    }
    const said = launch.log.since(mark)
    const portLost = said.includes('could not create any TCP/IP sockets') && attempt < PORT_ATTEMPTS
    const lingering = said.includes('pre-existing shared memory block') && Date.now() < lingeringUntil
    if (!portLost && !lingering) {
      throw new UnusableDatabaseError(`PostgreSQL did not start (${failure}). ${launch.log.tail(mark)}`)
    }
    if (lingering) await sleep(200)
  }
}

/** Returns why it did not become ready, if so; the server is gone then. */
async function waitUntilReady(server: ServerProcess, cluster: string): Promise<string | undefined> {
  const deadline = Date.now() + READY_WITHIN_MS
  let ended: string | undefined
  void server.exited.then((how) => {
    ended = how
  })
  while (ended === undefined && Date.now() < deadline) {
    if (isServerReady(cluster)) return undefined
    await sleep(POLL_MS)
  }
  if (ended !== undefined) return ended
  await server.stop()
  return `not ready within ${READY_WITHIN_MS / 1_000} s`
}

function supervise(
  running: EmbeddedPostgresOptions & Started & { place: Place; log: ServerLog; release: () => void },
): EmbeddedPostgres {
  const { server, port, place, log } = running
  let closing: Promise<void> | undefined
  const gone = server.exited.then((how) => {
    log.close()
    running.release()
    if (closing !== undefined) return
    const error = new UnusableDatabaseError(`PostgreSQL stopped by itself (${how}). ${log.tail(running.mark)}`)
    running.logger?.error({ component: 'database', err: error }, 'the embedded database is gone')
    running.onUnexpectedExit?.(error)
  })
  const password = readFileSync(join(place.home, 'password'), 'utf8').trim()
  return {
    url: `postgres://${LOGIN}:${password}@127.0.0.1:${port}/${DATABASE}`,
    port,
    directory: place.home,
    close: () => {
      closing ??= server.stop().then(() => gone)
      return closing
    },
  }
}
