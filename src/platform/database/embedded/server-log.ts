import { copyFileSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'

/** The settings keep the server nearly silent; this bounds what a flood of refused connections can write. */
const MAX_BYTES = 4 * 1024 * 1024
const CHECK_EVERY_MS = 60 * 60 * 1_000
const TAIL_LINES = 12

export type ServerLog = {
  /** A descriptor for the server's output. Appending, so that cutting the file under a running server is safe. */
  openForServer(): number
  /** What was written since `mark`, or since the start. */
  since(mark: number): string
  /** The present end of the log. */
  mark(): number
  /** The last lines since `mark`, for an error message. */
  tail(mark: number): string
  close(): void
}

/** The server's log file, held below 4 MB; the 4 MB before stay beside it as `.1`. */
export function openServerLog(file: string): ServerLog {
  const bound = () => {
    try {
      if (!existsSync(file) || statSync(file).size < MAX_BYTES) return
      rmSync(`${file}.1`, { force: true })
      copyFileSync(file, `${file}.1`)
      truncateSync(file)
    } catch {
      // A full disk; a long log is no reason to stop, and the next hour tries again.
    }
  }
  const since = (mark: number) => (existsSync(file) ? readFileSync(file).subarray(mark).toString('utf8') : '')
  bound()
  const timer = setInterval(bound, CHECK_EVERY_MS).unref()
  return {
    openForServer: () => openSync(file, 'a', 0o600),
    since,
    mark: () => (existsSync(file) ? statSync(file).size : 0),
    tail: (mark) => {
      const lines = since(mark).trimEnd().split('\n').slice(-TAIL_LINES)
      return `The last lines of ${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`
    },
    close: () => clearInterval(timer),
  }
}
