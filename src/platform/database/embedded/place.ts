import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UnusableDatabaseError } from '../faults.ts'
import { type Account, canEnter, chooseAccount } from './account.ts'
import { stateDirectory } from './state-directory.ts'

/** Where the server of a data directory lives, and as whom. */
export type Place = {
  /** Holds `postgresql/` and its lock: the data directory itself, or its stand-in elsewhere. */
  readonly base: string
  readonly home: string
  readonly cluster: string
  readonly account: Account
}

/** Makes the directory when it is missing and returns its real path, by which it is known from then on. */
export function prepareDataDirectory(dataDir: string): string {
  try {
    makeDirectory(dataDir)
    return realpathSync(dataDir)
  } catch (cause) {
    throw new UnusableDatabaseError(
      `The data directory ${dataDir} cannot be made (${cause instanceof Error ? cause.message : cause}). Choose another one with SIGNALBOX_DATA_DIR.`,
      { cause },
    )
  }
}

/**
 * Level by level: `mkdirSync` with `recursive` never returns where the parent is there and takes no directory, because it
 * answers ENOENT by making the parent once more. /proc is such a place.
 */
function makeDirectory(directory: string) {
  if (isDirectory(directory)) return
  const parent = dirname(directory)
  if (parent !== directory) makeDirectory(parent)
  try {
    mkdirSync(directory)
  } catch (error) {
    // Another process was faster.
    if (!isDirectory(directory)) throw error
  }
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/**
 * Finds the place for the database of `dataDir`. Usually that is the directory itself. When root's account for the
 * server cannot enter it, the database gets a directory of its own elsewhere, and a pointer in `dataDir` names it.
 * The name is random: a clone made again under the same path must not find the data of the one before.
 */
export function findPlace(dataDir: string, say: (sentence: string) => void): Place {
  const elsewhere = readPointer(dataDir)
  if (elsewhere !== undefined) return placeIn(elsewhere)
  const place = placeIn(dataDir)
  if (place.account === undefined || canEnter(place.account, dataDir)) return place
  if (existsSync(place.home)) {
    throw new UnusableDatabaseError(
      `PostgreSQL runs as ${place.account.name}, who cannot enter ${dataDir}. Let that account through (chmod o+x on the directories above), or start as the user who made the database.`,
    )
  }
  const base = makeDataPlace(stateDirectory(place.account), dataDir)
  writePointer(dataDir, base)
  say(`The database is in ${base}, because ${place.account.name}, as whom PostgreSQL runs, cannot enter ${dataDir}`)
  return placeIn(base)
}

/** Explicit modes, whatever the umask: to be entered by all, while `postgresql/` inside is for its account alone. */
function makeDataPlace(state: string, dataDir: string): string {
  const data = join(state, 'data')
  mkdirSync(data, { recursive: true })
  chmodSync(data, 0o711)
  const base = mkdtempSync(join(data, `${basename(dataDir).replace(/\W/g, '')}-`))
  chmodSync(base, 0o711)
  return base
}

function placeIn(base: string): Place {
  const home = join(base, 'postgresql')
  const account = chooseAccount(home)
  const owner = statSync(home, { throwIfNoEntry: false })
  const self = process.getuid?.()
  if (self !== 0 && owner !== undefined && owner.uid !== self) {
    throw new UnusableDatabaseError(
      `The database in ${home} belongs to another user (${owner.uid}). Start as that user, or choose another directory with SIGNALBOX_DATA_DIR.`,
    )
  }
  return { base, home, cluster: join(home, 'cluster'), account }
}

const pointerFile = (dataDir: string) => join(dataDir, 'postgresql.location')

function readPointer(dataDir: string): string | undefined {
  if (!existsSync(pointerFile(dataDir))) return undefined
  const [base = ''] = readFileSync(pointerFile(dataDir), 'utf8').split('\n')
  if (existsSync(base)) return base
  throw new UnusableDatabaseError(
    `The database of ${dataDir} was in ${base}, which is gone. Restore it, or remove ${pointerFile(dataDir)} to begin with an empty one.`,
  )
}

function writePointer(dataDir: string, base: string) {
  const text = `${base}\n\nThe database of this directory is there: PostgreSQL does not run as root, and the account it\nruns as cannot enter this directory. Whoever removes this directory for good removes that one too.\n`
  const partial = `${pointerFile(dataDir)}.partial`
  writeFileSync(partial, text, { flush: true })
  renameSync(partial, pointerFile(dataDir))
}
