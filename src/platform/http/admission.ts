/** Whose a request is, as far as it can be told before anything is done for it. */
export type Flow = { tenant: string; key: string }

/** How many requests of a tenant may be under way for each connection: about a second's worth when each takes 50 ms of one. */
const UNDER_WAY_PER_CONNECTION = 20

export type Admission = {
  /** Lets a request in and resolves with its end, or undefined when too many of its flow are under way. */
  admit(flow: Flow): (() => void) | undefined
  /** Requests of the same credentials that are under way. */
  underWay(flow: Flow): number
}

type Counted = { underWay: number; keys: Map<string, number> }

/** How far the parts of many may go beyond the whole. */
const BEYOND = 4

/**
 * How many requests are under way at the same time. All may together be so many; a tenant's part of that is what falls to
 * each of those that have any, and a key's part of the tenant's likewise. One alone may have all, and whoever comes then is
 * let in all the same: so all together may be more, four times as many at the most.
 */
export function openAdmission(connections: number): Admission {
  const most = connections * UNDER_WAY_PER_CONNECTION
  const tenants = new Map<string, Counted>()
  let all = 0
  return {
    underWay: ({ tenant, key }) => tenants.get(tenant)?.keys.get(key) ?? 0,
    admit: ({ tenant, key }) => {
      const counted = tenants.get(tenant) ?? { underWay: 0, keys: new Map<string, number>() }
      const ofKey = counted.keys.get(key) ?? 0
      const part = most / (tenants.has(tenant) ? tenants.size : tenants.size + 1)
      const partOfKey = part / (ofKey > 0 ? counted.keys.size : counted.keys.size + 1)
      if (ofKey >= partOfKey || counted.underWay >= part * BEYOND || all >= most * BEYOND) return undefined
      tenants.set(tenant, counted)
      counted.underWay += 1
      counted.keys.set(key, ofKey + 1)
      all += 1
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        all -= 1
        counted.underWay -= 1
        const left = (counted.keys.get(key) ?? 1) - 1
        if (left > 0) counted.keys.set(key, left)
        else counted.keys.delete(key)
        if (counted.underWay === 0) tenants.delete(tenant)
      }
    },
  }
}
