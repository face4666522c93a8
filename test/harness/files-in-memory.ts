import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, statfsSync } from 'node:fs'
import { availableMemory, pid } from 'node:process'

/** A file system in memory, on Linux. Docker gives its containers 64 MB of it, which is too little. */
const IN_MEMORY = '/dev/shm'
const BYTES_MIN = 4 * 1_024 ** 3

/**
 * Has all temporary files of this process, and of those it starts, made in memory: the database of every test file is a
 * copy of some 700 files, which costs a disk twenty times as long. Leaves them where they are when TMPDIR is set or there
 * is not the room. What a killed run has left behind goes.
 */
export function keepFilesInMemory(): void {
  if (process.env.TMPDIR || !hasRoom()) return
  const own = `signalbox-tests-${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}-`
  for (const name of readdirSync(IN_MEMORY)) {
    const isLeft = name.startsWith(own) && !existsSync(`/proc/${name.slice(own.length)}`)
    if (isLeft) rmSync(`${IN_MEMORY}/${name}`, { recursive: true, force: true })
  }
  const directory = `${IN_MEMORY}/${own}${pid}`
  // To be entered by all: root runs PostgreSQL under another account.
  mkdirSync(directory, { mode: 0o755 })
  process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }))
  process.env.TMPDIR = directory
}

function hasRoom(): boolean {
  if (!existsSync(IN_MEMORY)) return false
  const { bavail, bsize } = statfsSync(IN_MEMORY)
  return bavail * bsize >= BYTES_MIN && availableMemory() >= BYTES_MIN
}
