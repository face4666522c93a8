import { type Holder, OURS } from './acting-for.ts'

/**
 * Who gets the next connection.
 *
 * The tenant that has the fewest goes first, within it the key that has the fewest; of equals, whoever was served longest
 * ago. A tenant alone may have all but one, so that whoever comes finds one free. Once others have asked lately it may have a
 * third: what it does then takes no more than that of the database and of this process, however much of it waits.
 */
export type FairQueue = {
  /** Resolves with the way to give the connection back. Rejects when there was none for `patienceMs`. */
  take(share: Holder): Promise<() => void>
  waiting(): number
}

/** How long a tenant that has asked is thought of. */
const THOUGHT_OF_MS = 10_000

type Waiter = { isOver: boolean; grant: () => void }
type Key = { inService: number; servedAt: number; waiters: Waiter[] }
type Tenant = { name: string; inService: number; servedAt: number; waiting: number; keys: Map<string, Key> }

export function fairQueue(options: { places: number; patienceMs: number; now?: () => number }): FairQueue {
  const { places, patienceMs, now = () => performance.now() } = options
  const spare = places > 2 ? 1 : 0
  const third = Math.max(1, Math.floor(places / 3))
  const tenants = new Map<string, Tenant>()
  /** Those that hold a connection and wait for another one: the rest waits for them. */
  const urgent: Waiter[] = []
  let [free, turn] = [places, 0]
  /** The two that asked last, each once. */
  let lately: readonly { name: string; at: number }[] = []

  const noteAsked = (name: string) => {
    if (name !== OURS) lately = [{ name, at: now() }, ...lately.filter((each) => each.name !== name)].slice(0, 2)
  }
  const hasCompany = (name: string) => lately.some((each) => each.name !== name && now() - each.at < THOUGHT_OF_MS)
  const mayTake = ({ name, inService }: Tenant) =>
    inService === 0 || name === OURS || (free > spare && (inService < third || !hasCompany(name)))

  const next = (): { tenant: Tenant; key: Key } | undefined => {
    const tenant = fewest(tenants.values(), (each) => each.waiting > 0 && mayTake(each))
    const key = tenant && fewest(tenant.keys.values(), (each) => each.waiters.length > 0)
    return tenant && key ? { tenant, key } : undefined
  }

  const serve = () => {
    while (free > 0) {
      const waiter = urgent.shift() ?? takeNext()
      if (!waiter) return
      waiter.isOver = true
      free -= 1
      waiter.grant()
    }
  }
  const takeNext = (): Waiter | undefined => {
    const found = next()
    if (!found) return undefined
    const { tenant, key } = found
    tenant.waiting -= 1
    for (const each of [tenant, key]) {
      each.inService += 1
      each.servedAt = ++turn
    }
    return key.waiters.shift()
  }

  const placeOf = ({ tenant: name, key: keyName }: Holder) => {
    const tenant = tenants.get(name) ?? { name, inService: 0, servedAt: 0, waiting: 0, keys: new Map<string, Key>() }
    tenants.set(name, tenant)
    const key = tenant.keys.get(keyName) ?? { inService: 0, servedAt: 0, waiters: [] }
    tenant.keys.set(keyName, key)
    const forget = () => {
      if (key.inService === 0 && key.waiters.length === 0) tenant.keys.delete(keyName)
      if (tenant.keys.size === 0) tenants.delete(name)
    }
    return { tenant, key, forget }
  }

  return {
    waiting: () => urgent.length + [...tenants.values()].reduce((sum, { waiting }) => sum + waiting, 0),
    take: (share) =>
      new Promise((resolve, reject) => {
        const { tenant, key, forget } = placeOf(share)
        const line = share.holdsOne ? urgent : key.waiters
        const giveBack = once(() => {
          free += 1
          if (!share.holdsOne) for (const each of [tenant, key]) each.inService -= 1
          serve()
          forget()
        })
        const timer = setTimeout(() => {
          if (waiter.isOver) return
          line.splice(line.indexOf(waiter), 1)
          if (!share.holdsOne) tenant.waiting -= 1
          forget()
          // The words of pg's own pool: the caller is told that there is no database for it just now.
          reject(new Error('timeout exceeded when trying to connect'))
        }, patienceMs)
        const grant = () => {
          clearTimeout(timer)
          resolve(giveBack)
        }
        const waiter: Waiter = { isOver: false, grant }
        line.push(waiter)
        if (!share.holdsOne) tenant.waiting += 1
        noteAsked(tenant.name)
        serve()
      }),
  }
}

/** The one in question with the least in service; of equals, the one that was served longest ago. */
function fewest<Each extends { inService: number; servedAt: number }>(
  all: Iterable<Each>,
  isInQuestion: (each: Each) => boolean,
): Each | undefined {
  let found: Each | undefined
  for (const each of all) {
    if (!isInQuestion(each)) continue
    const isBefore =
      !found ||
      each.inService < found.inService ||
      (each.inService === found.inService && each.servedAt < found.servedAt)
    if (isBefore) found = each
  }
  return found
}

function once(work: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    work()
  }
}
