import { sql } from 'kysely'
import { repeat } from '../../../kernel/repeat.ts'
import { isTenantId, type TenantId } from '../../../kernel/tenant-id.ts'
import type { Ground } from '../../../platform/module/index.ts'
import { assignByRules, listWaiting, type Recording, recordChanges } from './record-changes.ts'

const CHANNEL = 'signalbox_ticket_events'
/** A notification may be lost with its connection; who comes back looks everywhere, and else every minute. */
const LOOK_EVERYWHERE_MS = 60_000
const PAUSE_SECONDS = 0.2
/** Then tickets that somebody was writing are looked at again. */
const BUSY_MS = 1_000
/** Tickets whose clocks cannot be measured here; beyond these, their tenants wait for the next start. */
const PASSED_OVER_MAX = 1_000

type Following = Pick<Ground, 'database' | 'listener' | 'logger'> & { recording: Recording }

/** Takes what happened to tickets to their clocks, tenant after tenant, as long as there is any. One process at a time for each tenant. */
export async function followChanges({ database, listener, logger, recording }: Following) {
  const waiting = new Set<TenantId>()
  const passedOver = new Set<string>()
  let looksAt = 0
  const lookEverywhere = () => {
    looksAt = 0
  }
  const listening = await listener.listen({
    channel: CHANNEL,
    onMessage: (tenant) => {
      if (isTenantId(tenant)) waiting.add(tenant)
    },
    onConnected: lookEverywhere,
  })

  const findTenants = async () => {
    const why = 'which tenants have tickets whose clocks are behind'
    const rows = await database.readAcrossTenants(why, async (tx) => {
      const found = await sql<{ tenant_id: TenantId }>`
        select tenant_id from tenants
        where exists (select from ticket_events where ticket_events.tenant_id = tenants.tenant_id)`.execute(tx)
      return found.rows
    })
    for (const { tenant_id } of rows) waiting.add(tenant_id)
  }

  /** Whether there may be more of this tenant. */
  const serve = async (tenantId: TenantId): Promise<boolean> => {
    const ids = await database.withTenant(tenantId, async (tx) => {
      const lock = sql<{ is_mine: boolean }>`
        select pg_try_advisory_xact_lock(71643, hashtext(${tenantId})) as is_mine`
      if ((await lock.execute(tx)).rows[0]?.is_mine !== true) return []
      const waitingIds = (await listWaiting(tx)).filter((id) => !passedOver.has(id))
      const done = await assignByRules(tx, recording, waitingIds)
      // They are being written; whoever does so may have told of it before we asked.
      if (done.length === 0 && waitingIds.length > 0) looksAt = Math.min(looksAt, Date.now() + BUSY_MS)
      return done
    })
    if (ids.length === 0) return false
    try {
      await database.withTenant(tenantId, (tx) => recordChanges(tx, tenantId, recording, ids))
    } catch (error) {
      logger.error(
        { err: error, component: 'sla', tenant_id: tenantId },
        'clocks of tickets were not measured together',
      )
      return (await oneByOne(tenantId, ids)) > 0
    }
    return true
  }

  /** One ticket whose clocks cannot be measured must not stop those of the others. Answers how many were measured. */
  const oneByOne = async (tenantId: TenantId, ids: readonly string[]) => {
    let measured = 0
    for (const id of ids) {
      try {
        await database.withTenant(tenantId, (tx) => recordChanges(tx, tenantId, recording, [id]))
        measured += 1
      } catch (error) {
        const about = { err: error, component: 'sla', tenant_id: tenantId, ticket_id: id }
        logger.error(about, 'the clocks of a ticket cannot be measured')
        if (passedOver.size < PASSED_OVER_MAX) passedOver.add(id)
      }
    }
    return measured
  }

  const following = repeat({
    everySeconds: PAUSE_SECONDS,
    work: async () => {
      if (Date.now() >= looksAt) {
        looksAt = Date.now() + LOOK_EVERYWHERE_MS
        await findTenants()
      }
      const [tenantId] = waiting
      if (tenantId === undefined) return undefined
      // Whoever writes meanwhile puts it back.
      waiting.delete(tenantId)
      if (await serve(tenantId)) waiting.add(tenantId)
      return 'again'
    },
    onError: (error) => {
      looksAt = Date.now() + LOOK_EVERYWHERE_MS / 30
      logger.error({ err: error, component: 'sla' }, 'what happened to tickets was not taken to their clocks')
    },
  })
  return {
    stop: async () => {
      await listening.close()
      await following.stop()
    },
  }
}
