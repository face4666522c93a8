import { chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UnusableDatabaseError } from '../faults.ts'

const SQLITE_BUSY = 5

/** Two who come at once can each see the other's first read lock; waiting a moment leaves exactly one winner. */
const COLLISION_MS = 500

export type OwnerLock = { release(): void }

/**
 * Takes the directory for this process, or throws a sentence naming the directory and the pid that has it.
 *
 * The lock is an exclusive transaction on an empty SQLite file: a portable way to an fcntl lock, which the kernel
 * frees when the process ends, `kill -9` included. A file with a pid in it would need guessing whether it is stale,
 * and two who guess at once could both win.
 */
export function takeOwnerLock(directory: string): OwnerLock {
  const lockFile = join(directory, 'postgresql.lock')
  const ownerFile = join(directory, 'postgresql.owner')
  const lock = open(lockFile, directory)
  try {
    lock.exec('PRAGMA journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
    // A file that we may only read would be locked for reading, beside others; writing (never committed) tells.
    lock.exec('PRAGMA user_version = 1')
    writeFileSync(ownerFile, `${process.pid}\n`)
    belongLikeDirectory([lockFile, ownerFile], directory)
  } catch (error) {
    lock.close()
    throw isBusy(error) ? inUse(directory, ownerFile) : unusable(directory, error)
  }
  return {
    release() {
      if (!lock.isOpen) return
      rmSync(ownerFile, { force: true })
      lock.close()
    },
  }
}

function open(lockFile: string, directory: string): DatabaseSync {
  try {
    return new DatabaseSync(lockFile, { timeout: COLLISION_MS })
  } catch (error) {
    throw unusable(directory, error)
  }
}

/** Without this, one start as root would lock the ordinary owner of the directory out for good. */
function belongLikeDirectory(files: string[], directory: string) {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(directory)
  for (const file of files) chownSync(file, uid, gid)
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

function inUse(directory: string, ownerFile: string) {
  return new UnusableDatabaseError(
    `The database in ${directory} is in use by ${readOwner(ownerFile)}. Stop that one first, or give this one a directory of its own with SIGNALBOX_DATA_DIR.`,
  )
}

function readOwner(ownerFile: string): string {
  try {
    return `process ${Number.parseInt(readFileSync(ownerFile, 'utf8'), 10)}`
  } catch {
    return 'another process'
  }
}

function unusable(directory: string, cause: unknown) {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UnusableDatabaseError(
    `The data directory ${directory} cannot be used by this user (${reason}). Make it writable, or choose another one with SIGNALBOX_DATA_DIR.`,
    { cause },
  )
}
