import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { UsageError } from './exit.ts'

export type Profile = { url: string; key: string; tenant?: string | undefined }
export type Profiles = { current: string | undefined; profiles: Record<string, Profile> }

/** In the user's configuration directory (XDG; `%APPDATA%` on Windows). */
export function profilesFile(environment = process.env): string {
  const base = environment.XDG_CONFIG_HOME || environment.APPDATA || join(homedir(), '.config')
  return join(base, 'signalbox', 'profiles.json')
}

/** None when there is no file. Throws when it is not ours, or when others than its owner may read the keys in it. */
export function readProfiles(file = profilesFile()): Profiles {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { current: undefined, profiles: {} }
    throw error
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
    throw new UsageError(`Others may read the keys in ${file}. Run: chmod 600 ${file}`)
  try {
    const { current, profiles } = JSON.parse(text) as Profiles
    return { current, profiles: { ...profiles } }
  } catch {
    throw new UsageError(`${file} is not valid JSON. Mend it, or remove it and sign in again: signalbox login`)
  }
}

/** Written whole or not at all, for its owner alone. */
export function writeProfiles(profiles: Profiles, file = profilesFile()): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 })
  // A draft that was left behind keeps the mode it had.
  chmodSync(draft, 0o600)
  renameSync(draft, file)
}
