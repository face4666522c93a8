import { mkdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'

/** Who holds the lock touches it every 2 s. Ten missed touches: killed, and the lock is anybody's. */
const TOUCH_MS = 2_000
const STALE_MS = 20_000

/** Does `work` while no other process works under the same lock (a directory); waits for its turn. */
export async function withLock(lock, work) {
  mkdirSync(dirname(lock), { recursive: true })
  for (let waited = false; !take(lock); waited = true) {
    if (!waited) console.error('Another process is installing here; waiting for it.')
    await delay(100)
  }
  const touching = setInterval(() => unlessMissing(() => utimesSync(lock, new Date(), new Date())), TOUCH_MS)
  try {
    return await work()
  } finally {
    clearInterval(touching)
    rmSync(lock, { recursive: true, force: true })
  }
}

function take(lock) {
  try {
    mkdirSync(lock)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    unlessMissing(() => isStale(lock) && putAside(lock))
    return false
  }
}

const isStale = (lock) => Date.now() - statSync(lock).mtimeMs > STALE_MS

/** Renaming lets one of many win; it may have caught the fresh lock of a faster one, which goes back. */
function putAside(lock) {
  const aside = `${lock}.${process.pid}`
  renameSync(lock, aside)
  if (isStale(aside)) rmSync(aside, { recursive: true })
  else renameSync(aside, lock)
}

function unlessMissing(action) {
  try {
    action()
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}
