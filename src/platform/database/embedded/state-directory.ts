import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { UnusableDatabaseError } from '../faults.ts'
import { type Account, canEnter } from './account.ts'

/** Where root places what an unprivileged account must reach: the system's place for state, else one that outlives a reboot. */
const CANDIDATES = ['/var/lib/signalbox', '/var/tmp/signalbox']

/** A directory of root's that everybody can enter and nobody else can write, made when it is missing. */
export function stateDirectory(account: Account, candidates = CANDIDATES): string {
  const usable = candidates.find((directory) => isOurs(directory) && canEnter(account, directory))
  if (usable) return usable
  throw new UnusableDatabaseError(
    `PostgreSQL cannot run as root, and neither ${candidates.join(' nor ')} can be used to place it within reach of another account. Start as an ordinary user, or set DATABASE_URL.`,
  )
}

/** In /var/tmp anybody may have been faster and own the name; what they put there must not be run or trusted. */
function isOurs(directory: string): boolean {
  try {
    if (!existsSync(directory)) {
      mkdirSync(directory)
      chmodSync(directory, 0o755)
    }
    const { uid, mode } = lstatSync(directory)
    return lstatSync(directory).isDirectory() && uid === 0 && (mode & 0o022) === 0
  } catch {
    return false
  }
}

/** Copies PostgreSQL's program files into the state directory, once per version, and returns where they are. */
export function copyWithinReach(options: {
  directory: string
  version: string
  state: string
  say: (sentence: string) => void
}): string {
  const { directory, version, state, say } = options
  const place = join(state, `postgresql-${version}-${process.arch}`)
  if (existsSync(place)) return place
  const partial = mkdtempSync(`${place}.partial-`)
  try {
    cpSync(directory, partial, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
      filter: (source) => !source.endsWith('.a'),
    })
    // An install under a strict umask is for its owner alone.
    spawnSync('chmod', ['-R', 'u+w,go-w,a+rX', partial])
    renameSync(partial, place)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    // Another process was faster with the same copy.
    if (!existsSync(place)) throw error
  }
  say(`PostgreSQL's program files are in ${place}, where the account it runs as can reach them`)
  return place
}
