import { abortable } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { repeat } from '../../../kernel/repeat.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Listener } from '../../../platform/database/index.ts'
import { taskFault } from '../faults.ts'
import { tenantsWithWork } from '../store/outside.ts'

/** Notified with the tenant's id when a task for somebody outside was added. */
export const OUTSIDE_CHANNEL = 'signalbox_outside_tasks'

/** Requests that wait at a process, of a tenant and in all: each keeps a connection of its caller open. */
export const WAITING_PER_TENANT = 50
export const WAITING_IN_ALL = 1_000

/** What nobody tells of: a retry or a time that came, a lease that ran out, a notification that was lost. */
const LOOK_EVERY_SECONDS = 2

export type WaitingWorkers = {
  /**
   * Asks `take` until it has something, or `seconds` are over, the caller leaves or the process stops: then null.
   *
   * @throws tasks.too_many_waiting
   */
  wait<T>(options: {
    tenantId: TenantId
    seconds: number
    signal: AbortSignal
    take: () => Promise<T | undefined>
  }): Promise<T | null>
  count(): number
  /** Tells those who wait of new tasks. Whoever waits when it stops is answered. */
  start(listener: Listener): Promise<{ stop(): Promise<void> }>
}

type Waiter = { wake: () => void }

/** Requests that wait until there is a task for them. */
export function openWaitingWorkers({ database, logger }: { database: Database; logger: Logger }): WaitingWorkers {
  const byTenant = new Map<string, Set<Waiter>>()
  const stopping = new AbortController()
  let waiting = 0

  const wake = (tenant: string) => {
    for (const waiter of byTenant.get(tenant) ?? []) waiter.wake()
  }
  const join = (tenant: string, waiter: Waiter) => {
    const of = byTenant.get(tenant) ?? new Set()
    if (of.size >= WAITING_PER_TENANT || waiting >= WAITING_IN_ALL) throw tooMany()
    byTenant.set(tenant, of.add(waiter))
    waiting += 1
    return () => {
      of.delete(waiter)
      waiting -= 1
      if (of.size === 0 && byTenant.get(tenant) === of) byTenant.delete(tenant)
    }
  }

  return {
    count: () => waiting,
    wait: async ({ tenantId, seconds, signal, take }) => {
      const over = AbortSignal.any([signal, stopping.signal, AbortSignal.timeout(seconds * 1_000)])
      let woken = Promise.withResolvers<void>()
      const leave = join(tenantId, { wake: () => woken.resolve() })
      try {
        while (!signal.aborted && !stopping.signal.aborted) {
          // Before the look: what is added during it wakes the next one.
          woken = Promise.withResolvers<void>()
          const taken = await take()
          if (taken !== undefined) return taken
          if (over.aborted) return null
          await abortable(woken.promise, over).catch(() => {})
          if (over.aborted) return null
        }
        return null
      } finally {
        leave()
      }
    },
    start: async (listener) => {
      const hearing = await listener.listen({
        channel: OUTSIDE_CHANNEL,
        onMessage: wake,
        onConnected: () => {
          for (const tenant of byTenant.keys()) wake(tenant)
        },
      })
      const looking = repeat({
        everySeconds: LOOK_EVERY_SECONDS,
        work: async () => {
          const tenants = [...byTenant.keys()]
          if (tenants.length === 0) return undefined
          const why = 'workers of several tenants wait at this process'
          const found = await database.readAcrossTenants(why, (tx) => tenantsWithWork(tx, tenants))
          for (const tenant of found) wake(tenant)
          return undefined
        },
        onError: (err) => logger.warn({ err, component: 'tasks' }, 'could not look for tasks of those who wait'),
      })
      return {
        stop: async () => {
          stopping.abort()
          await Promise.all([looking.stop(), hearing.close()])
        },
      }
    },
  }
}

const tooMany = () =>
  taskFault('tasks.too_many_waiting', {
    public: `No more than ${WAITING_PER_TENANT} requests of a tenant wait for tasks at one process. Wait for answers, then ask again.`,
    internal: 'too many workers wait',
    headers: { 'retry-after': '5' },
  })
