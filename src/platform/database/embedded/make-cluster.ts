import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UnusableDatabaseError } from '../faults.ts'
import { type Account, runAs } from './account.ts'
import type { Binaries } from './binaries.ts'
import type { Place } from './place.ts'

/** The superuser and the database that every cluster has from the beginning. */
export const LOGIN = 'signalbox'
export const DATABASE = 'signalbox'

/**
 * Makes the cluster of `place` unless it is there: initdb, the database, the password, all beside the final place and
 * then renamed, so that an interrupted start never leaves half a cluster. Takes about a second.
 */
export async function makeCluster(place: Place, binaries: Binaries, durable: boolean): Promise<void> {
  removeUnfinished(place.home)
  if (existsSync(place.home)) return
  const partial = mkdtempSync(`${place.home}.partial-`)
  const cluster = join(partial, 'cluster')
  try {
    const passwordFile = join(partial, 'password')
    writeFileSync(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flush: true })
    if (place.account) {
      for (const path of [partial, passwordFile]) chownSync(path, place.account.uid, place.account.gid)
    }
    await run(place.account, binaries.initdb, [
      `--pgdata=${cluster}`,
      `--username=${LOGIN}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // PostgreSQL's own collation: the same order on every machine, whatever its C library.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--data-checksums',
      ...(durable ? [] : ['--no-sync']),
    ])
    const alone = ['--single', '-D', cluster, '-c', 'exit_on_error=on', '-c', `fsync=${durable ? 'on' : 'off'}`]
    await run(place.account, binaries.postgres, [...alone, 'postgres'], `CREATE DATABASE ${DATABASE}\n`)
    renameSync(partial, place.home)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
}

/** What an interrupted start left. An initdb that still writes there fails by itself when its directory goes. */
function removeUnfinished(home: string) {
  const rubbish = readdirSync(dirname(home)).filter((name) => name.startsWith(`${basename(home)}.partial-`))
  for (const name of rubbish) rmSync(join(dirname(home), name), { recursive: true, force: true, maxRetries: 5 })
}

function run(account: Account, program: string, programArguments: string[], input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { ...runAs(account), stdio: ['pipe', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-4_000)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new UnusableDatabaseError(`${basename(program)} failed (${signal ?? `exit code ${code}`}):\n${said}`))
    })
  })
}
