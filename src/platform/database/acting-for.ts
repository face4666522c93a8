import { AsyncLocalStorage } from 'node:async_hooks'

/** On whose behalf something is done: what it takes is counted to the tenant, and within it to the key. */
export type Share = { tenant: string; key: string }

/** A share of whoever may hold a connection already: while they wait for another one, nobody gets the first. */
export type Holder = Share & { holdsOne: boolean }

/** What nobody asked for: leases, schedules, deliveries. It is never held back for a tenant. */
export const OURS = ''

const acting = new AsyncLocalStorage<Holder>()

/** Does `work`, and all that it begins, on behalf of somebody. */
export const actFor = <T>(share: Share, work: () => T): T => acting.run({ holdsOne: false, ...share }, work)

/** Whose connection is asked for now; `tenant` is the one that the transaction is about, if any. */
export function currentHolder(tenant: string | undefined): Holder {
  const { tenant: actingTenant = OURS, key = '', holdsOne = false } = acting.getStore() ?? {}
  return { tenant: tenant ?? actingTenant, key, holdsOne }
}

/** Does `work` as one who holds a connection until it is done; what `work` began goes on as one who holds none. */
export async function whileHolding<T>(holder: Holder, work: () => Promise<T>): Promise<T> {
  const holding = { ...holder, holdsOne: true }
  try {
    return await acting.run(holding, work)
  } finally {
    holding.holdsOne = false
  }
}
