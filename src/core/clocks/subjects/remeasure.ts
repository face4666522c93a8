import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { z } from 'zod'
import { sleep } from '../../../kernel/abort.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { commitSoon, type Database, type Tx } from '../../../platform/database/index.ts'
import { defineTaskKind, type EnqueueTask } from '../../tasks/index.ts'
import { measureNext } from './measure-again.ts'
import { holdVersions } from './store.ts'
import type { SubjectKind, SubjectKinds } from './subject-kind.ts'

/** Subjects that one transaction measures: locked for a fraction of a second. */
const AT_ONCE = 250
const BARRIER_WAITS_MS = 500
const BARRIER_AGAIN_MS = 200

const payload = z.strictObject({ kind: z.string().min(1).max(40), is_all: z.boolean() })
type Progress = { after: string | null; measured: number }

/** Measures all clocks of a kind by the versions that hold now: goes on where it stopped, and is done when none is measured by others. */
export function remeasuringClocks(database: Database, kinds: SubjectKinds) {
  return defineTaskKind<z.infer<typeof payload>, Progress>({
    name: 'clocks.remeasure',
    payload,
    retry: { attemptsMax: 10, baseSeconds: 2, capSeconds: 60 },
    timeLimitSeconds: 7_200,
    handle: async ({ tenantId, payload: { kind, is_all }, progress, signal, write }) => {
      const of = { tenantId, kind: kinds.of(kind) }
      let { after = null, measured = 0 } = progress
      if (after === null) await letMeasuringEnd(database, tenantId, signal)
      for (let isMore = true; isMore; ) {
        await write(async (tx) => {
          await commitSoon.execute(tx)
          await holdVersions.execute(tx)
          const { count, last } = await measureNext(tx, of, { after, limit: AT_ONCE, isAll: is_all })
          isMore = count === AT_ONCE
          after = last ?? after
          measured += count
          return { after, measured }
        })
      }
      return { measured }
    },
  })
}

/**
 * Waits until no transaction is under way that has read versions before these were published: what it writes is then seen by the walk. Those
 * that come meanwhile wait no longer than half a second.
 */
async function letMeasuringEnd(database: Database, tenantId: TenantId, signal: AbortSignal): Promise<void> {
  const passed = () =>
    database.withTenant(tenantId, async (tx) => {
      await sql`select set_config('lock_timeout', ${`${BARRIER_WAITS_MS}ms`}, true)`.execute(tx)
      await sql`select pg_advisory_xact_lock(71644, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
      return true
    })
  while (!(await passed().catch(unlessTaken))) await sleep(BARRIER_AGAIN_MS, signal)
}

const LOCK_NOT_AVAILABLE = '55P03'
const unlessTaken = (error: { code?: string }): false => {
  if (error.code !== LOCK_NOT_AVAILABLE) throw error
  return false
}

export type Remeasure = (
  tx: Tx,
  tenantId: TenantId,
  kind: string,
  options: { createdBy: string; isAll?: boolean },
) => Promise<{ taskId: string }>

/** Enqueues a walk through all subjects of a kind, in the transaction that publishes a version. One walk for each set of versions. */
export function remeasureWith(
  enqueue: EnqueueTask,
  kinds: SubjectKinds,
  task: ReturnType<typeof remeasuringClocks>,
): Remeasure {
  return async (tx, tenantId, name, { createdBy, isAll = false }) => {
    const kind: SubjectKind = kinds.of(name)
    const { key } = await kind.terms(tx, tenantId)
    const versions = createHash('sha256').update(key).digest('hex').slice(0, 24)
    const uniqueKey = `${name} ${versions}${isAll ? ' all' : ''}`
    const { taskId } = await enqueue(tx, tenantId, task, { kind: name, is_all: isAll }, { uniqueKey, createdBy })
    return { taskId }
  }
}
