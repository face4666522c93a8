import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Listener } from '../../../platform/database/index.ts'
import { CLOCKS_CHANNEL, LOOK_ANYWAY_EVERY_MS } from '../subjects/write-measured.ts'
import { allTenantsWithDue, whatIsDue } from './store.ts'
import type { Told } from './tell-due.ts'

export type SchedulerOptions = {
  database: Database
  listener: Listener
  logger: Logger
  /** Tells what is due of a tenant. */
  tell(tenantId: TenantId): Promise<Told>
  onTold?(told: Told): void
}

/** Tenants that are told of at the same time, each on a connection. */
const TENANTS_AT_ONCE = 2
/** When others have all that is due just now. */
const LOOK_AGAIN_MS = 100
/** A tenant whose alerts fail waits while the others are told of. */
const FAILED_WAITS_MS = 10_000
const WHY = 'what is due of all tenants'

/**
 * Sleeps until the next instant at which something is due, and has it told; woken earlier by whoever makes something due sooner. Any
 * number of processes may. Instants are compared in the database, and this process only measures how long it sleeps: what its clock says does not matter.
 */
export async function startAlerts(options: SchedulerOptions): Promise<{ stop(): Promise<void> }> {
  const { database, logger } = options
  const stopping = new AbortController()
  const failedAt = new Map<string, number>()
  let news = Promise.withResolvers<void>()

  const mayBeTold = (tenant: string) => {
    const at = failedAt.get(tenant)
    return at === undefined || performance.now() - at >= FAILED_WAITS_MS
  }
  const tell = async (tenant: string): Promise<number> => {
    try {
      const told = await options.tell(tenantId(tenant))
      failedAt.delete(tenant)
      options.onTold?.(told)
      return told.claimed
    } catch (err) {
      failedAt.set(tenant, performance.now())
      logger.error(
        { err, component: 'clocks', tenant_id: tenant },
        'what is due of a tenant could not be told; trying again',
      )
      return 0
    }
  }

  /** Has told what is due, one transaction for each tenant; answers how long nothing else is. */
  const look = async (): Promise<number> => {
    const [[found]] = await database.acrossTenantsAtOnce(WHY, [whatIsDue])
    const tenants = found?.is_backlog ? await tenantsOfBacklog(database) : (found?.tenants ?? [])
    const waiting = tenants.filter(mayBeTold)
    let claimed = 0
    const next = async (): Promise<void> => {
      const tenant = waiting.shift()
      if (tenant === undefined || stopping.signal.aborted) return
      claimed += await tell(tenant)
      return next()
    }
    const wasWaiting = waiting.length > 0
    await Promise.all(Array.from({ length: TENANTS_AT_ONCE }, next))
    if (claimed > 0) return 0
    const untilNext = Math.min(Math.max(found?.next_ms ?? LOOK_ANYWAY_EVERY_MS, 1), LOOK_ANYWAY_EVERY_MS)
    if (wasWaiting) return Math.min(untilNext, LOOK_AGAIN_MS)
    return tenants.length > 0 ? Math.min(untilNext, FAILED_WAITS_MS) : untilNext
  }

  const run = async () => {
    while (!stopping.signal.aborted) {
      news = Promise.withResolvers()
      const pause = await look().catch((err) => {
        logger.warn({ err, component: 'clocks' }, 'what is due could not be looked up; trying again')
        return 1_000
      })
      if (pause > 0) await sleepUntil(pause, news.promise, stopping.signal)
    }
  }

  const listening = await options.listener.listen({
    ...{ channel: CLOCKS_CHANNEL, onMessage: () => news.resolve(), onConnected: () => news.resolve() },
  })
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await listening.close()
      await running
    },
  }
}

async function tenantsOfBacklog(database: Database): Promise<string[]> {
  const [rows] = await database.acrossTenantsAtOnce(WHY, [allTenantsWithDue])
  return rows.map(({ tenant_id }) => tenant_id)
}

/** Until so much time has passed, there is news, or it is to end; leaves no timer behind. */
async function sleepUntil(ms: number, news: Promise<void>, signal: AbortSignal): Promise<void> {
  const waking = new AbortController()
  const isOver = AbortSignal.any([signal, waking.signal])
  await Promise.race([sleep(ms, isOver).catch(() => {}), news])
  waking.abort()
}
