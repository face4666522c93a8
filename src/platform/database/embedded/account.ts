import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { UnusableDatabaseError } from '../faults.ts'

/** Whom the server runs as. `undefined` means as ourselves, which is right for everybody but root. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number } | undefined

/** In this order. `nobody` exists on every system; creating an account behind the operator's back is not ours to do. */
const UNPRIVILEGED = ['signalbox', 'postgres', 'nobody']

/**
 * Chooses the account for the server whose files are, or will be, in `home`. An existing home keeps the account that
 * owns it: an account installed later must not lock the server out of its own cluster.
 */
export function chooseAccount(home: string): Account {
  if (process.getuid?.() !== 0) return undefined
  const known = readAccounts()
  const owner = statSync(home, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) {
    const account = known.find(({ uid }) => uid === owner.uid)
    return { name: account?.name ?? `user ${owner.uid}`, uid: owner.uid, gid: owner.gid }
  }
  const account = UNPRIVILEGED.map((name) => known.find((entry) => entry.name === name)).find(Boolean)
  if (account) return account
  throw new UnusableDatabaseError(
    'PostgreSQL does not run as root, and there is no account to run it as: create one with `useradd --system signalbox`, start as an ordinary user, or set DATABASE_URL.',
  )
}

function readAccounts() {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid }) => uid > 0)
}

/** The `spawn` options that make a child run as the account, with nothing of our environment but the path. */
export function runAs(account: Account) {
  return {
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  }
}

/** Whether the account can enter the directory: asked of the kernel, which also knows about parents and ACLs. */
export function canEnter(account: Account, directory: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', directory], runAs(account)).status === 0
}
