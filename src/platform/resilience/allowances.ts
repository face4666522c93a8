import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Database, SystemTx } from '../database/index.ts'

/** `burst` uses at once, then one more in `everySeconds`. `name` says of what and of whom, e.g. `channel-test channel:<id>`. */
export type Allowance = { name: string; burst: number; everySeconds: number }

export type Allowances = {
  /** Takes one use of each, or of none when one is used up: then the seconds until there is one again. */
  take(allowances: readonly Allowance[]): Promise<number | null>
  /** The seconds until there is one of each, as far as this process knows by itself; null when it would have to ask. */
  knownWait(allowances: readonly Allowance[]): number | null
  /** Gives back what was taken and turned out not to count. */
  giveBack(allowances: readonly Allowance[]): Promise<void>
}

const REASON = 'what is counted is counted over all processes'
/** Names whose end is known without asking the database: a flood of refusals costs no transaction. */
const REMEMBERED_MAX = 10_000

const hashOf = (name: string): Buffer => createHash('sha256').update(name).digest()

/**
 * Bounds how often something is done, over all processes (the generic cell rate algorithm: of a name only the moment is kept
 * until which its uses are spent). Nobody is locked out: after a burst the next use is never further away than `everySeconds`.
 */
export function openAllowances(database: Database): Allowances {
  /** When a name has a use again, by this process's clock. */
  const usedUp = new Map<string, number>()

  const remember = (name: string, waitSeconds: number) => {
    usedUp.delete(name)
    usedUp.set(name, performance.now() + waitSeconds * 1_000)
    const oldest = usedUp.size > REMEMBERED_MAX ? usedUp.keys().next().value : undefined
    if (oldest !== undefined) usedUp.delete(oldest)
  }
  const rememberedWait = (name: string): number => {
    const wait = ((usedUp.get(name) ?? 0) - performance.now()) / 1_000
    if (wait <= 0) usedUp.delete(name)
    return wait
  }

  const knownWait = (allowances: readonly Allowance[]): number | null => {
    const wait = Math.max(...allowances.map(({ name }) => rememberedWait(name)))
    return wait > 0 ? Math.ceil(wait) : null
  }

  return {
    knownWait,

    take: async (allowances) => {
      const known = knownWait(allowances)
      if (known !== null) return known
      try {
        await database.acrossTenants(REASON, (tx) => spend(tx, allowances))
        return null
      } catch (error) {
        if (!(error instanceof UsedUp)) throw error
        remember(error.allowance.name, error.waitSeconds)
        return Math.ceil(error.waitSeconds)
      }
    },

    giveBack: async (allowances) => {
      for (const { name } of allowances) usedUp.delete(name)
      await database.acrossTenantsAtOnce(REASON, [
        sql`
          update platform.allowances set used_until = used_until - every * interval '1 second'
          from unnest(${allowances.map(({ name }) => hashOf(name))}::bytea[], ${allowances.map(({ everySeconds }) => everySeconds)}::float8[])
            as given (name, every)
          where allowances.name = given.name`,
      ])
    },
  }
}

/** Ends the transaction, and with it what the other allowances were charged. */
class UsedUp extends Error {
  readonly allowance: Allowance
  readonly waitSeconds: number
  constructor(allowance: Allowance, waitSeconds: number) {
    super('an allowance is used up')
    this.allowance = allowance
    this.waitSeconds = waitSeconds
  }
}

async function spend(tx: SystemTx, allowances: readonly Allowance[]): Promise<void> {
  // In one order, so that two that take the same names do not wait for each other.
  const sorted = allowances.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const { rows } = await sql<{ name: Buffer; ahead: number }>`
    insert into platform.allowances as allowance (name, used_until)
    select name, now() + every * interval '1 second'
    from unnest(${sorted.map(({ name }) => hashOf(name))}::bytea[], ${sorted.map(({ everySeconds }) => everySeconds)}::float8[])
      as asked (name, every)
    on conflict (name) do update
      set used_until = greatest(allowance.used_until, clock_timestamp()) + (excluded.used_until - now())
    returning name, extract(epoch from used_until - clock_timestamp())::float8 as ahead`.execute(tx)
  for (const allowance of sorted) {
    const { ahead = 0 } = rows.find(({ name }) => name.equals(hashOf(allowance.name))) ?? {}
    const waitSeconds = ahead - allowance.burst * allowance.everySeconds
    if (waitSeconds > 0.001) throw new UsedUp(allowance, waitSeconds)
  }
}
